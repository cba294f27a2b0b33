//! Conversations whose messages form a tree, as most programs keep them: a question that was written
//! anew and an answer that was given anew have siblings.
//!
//! The path to the current message becomes a chat, with the other answers to its questions as
//! variants. Each other way through the questions becomes a chat of its own.

use std::borrow::Cow;

use serde_json::Value;

use super::{
    fields::{Index, at, index, list, place, sorted, text},
    foreign::{Conversation, Foreign, answered},
    time,
};
use crate::{
    chat::{Answer, Card, Outcome, Turn},
    markdown::citation::without_marks,
};

/// Maximum number of other ways that a conversation went: each repeats the questions before.
const MAX_WAYS: usize = 16;

/// Maximum number of messages in all ways together, unless the first has more.
const MAX_LENGTH: usize = 20_000;

/// Maximum number of answers to a question.
const MAX_ANSWERS: usize = 64;

/// Maximum number of models side by side; further ones join the last.
pub(super) const MAX_CARDS: usize = 16;

/// The part that a message plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Question,
    /// An answer or a part of it, such as a tool's message.
    Answer,
    Other,
}

/// A message and its place in the tree.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub id: &'a str,
    /// Identifier of the message that it follows.
    pub after: &'a str,
    pub role: Role,
    pub value: &'a Value,
}

/// All messages of a conversation, and the functions that read one.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    index: Index<'a>,
    parents: Vec<Option<usize>>,
    children: Vec<Vec<usize>>,
    /// Reads a question's text and files.
    pub question: fn(&mut Conversation<'_>, &mut Turn, &Value),
    /// Appends a message to an answer.
    pub answer: fn(&mut Conversation<'_>, &mut Answer, &Value),
    /// True if models that answer the same question have cards side by side.
    pub is_split: bool,
}

impl<'a> Tree<'a> {
    /// Creates a tree of nodes in the order of their time. The field, if a node has it, lists its
    /// children in their order.
    pub fn new(
        nodes: Vec<Node<'a>>,
        field: &str,
        question: fn(&mut Conversation<'_>, &mut Turn, &Value),
        answer: fn(&mut Conversation<'_>, &mut Answer, &Value),
    ) -> Self {
        let count = nodes.len();
        let mut tree = Self {
            index: index(nodes.iter().map(|node| node.id)),
            nodes,
            parents: Vec::new(),
            children: vec![Vec::new(); count],
            question,
            answer,
            is_split: false,
        };
        let parent = |at: usize| tree.find(tree.nodes[at].after).filter(|it| *it != at);
        let mut parents: Vec<_> = (0..count).map(parent).collect();
        let mut ranks = vec![0; count];
        for (at, node) in tree.nodes.iter().enumerate() {
            for (rank, id) in list(node.value, field).iter().enumerate() {
                let Some(child) = id.as_str().and_then(|id| tree.find(id)) else {
                    continue;
                };
                if child != at && *parents[child].get_or_insert(at) == at {
                    ranks[child] = rank;
                }
            }
        }
        for at in sorted(count, &|one, other| ranks[one] < ranks[other]) {
            if let Some(parent) = parents[at] {
                tree.children[parent].push(at);
            }
        }
        tree.parents = parents;
        tree
    }

    /// Returns the position of the node with this identifier.
    pub fn find(&self, id: &str) -> Option<usize> {
        place(&self.index, id)
    }

    fn is_question(&self, at: usize) -> bool {
        self.nodes[at].role == Role::Question
    }

    /// Returns the path through a node: from the root, and below always by the last child.
    fn path(&self, through: usize) -> Vec<usize> {
        let mut seen = vec![false; self.nodes.len()];
        let mut path = Vec::new();
        let mut next = Some(through);
        // A cycle has no root.
        while let Some(at) = next.filter(|at| !std::mem::replace(&mut seen[*at], true)) {
            path.push(at);
            next = self.parents[at];
        }
        path.reverse();
        let mut last = through;
        while let Some(below) = self.children[last].last().filter(|at| !seen[**at]) {
            last = *below;
            seen[last] = true;
            path.push(last);
        }
        path
    }

    /// Returns what is neither question nor answer before the first question of the path through a
    /// node.
    pub fn head(&self, through: usize) -> impl Iterator<Item = &'a Value> {
        let nodes = self.path(through).into_iter().map(|at| &self.nodes[at]);
        let head = nodes.take_while(|node| node.role != Role::Question);
        let head = head.filter(|node| node.role == Role::Other);
        head.map(|node| node.value)
    }

    /// Returns the message with the latest time, which is in this field; without times, the last one.
    pub fn newest(&self, field: &str) -> Option<usize> {
        let mut found = None;
        for (place, node) in self.nodes.iter().enumerate() {
            let time = time::millis(at(node.value, field));
            if found.is_none_or(|(_, latest)| latest <= time) {
                found = Some((place, time));
            }
        }
        found.map(|(place, _)| place)
    }

    /// Returns the last message.
    pub fn last(&self) -> Option<usize> {
        self.nodes.len().checked_sub(1)
    }

    /// Returns the first root.
    pub fn root(&self) -> Option<usize> {
        self.parents.iter().position(Option::is_none)
    }

    /// Returns the last question of each way through the questions; and for each node, whether it is
    /// a question that was asked in another's place, and whether a question follows it.
    fn ways(&self) -> (Vec<usize>, Vec<bool>, Vec<bool>) {
        let count = self.nodes.len();
        let roots = (0..count).filter(|at| self.parents[*at].is_none());
        let mut todo: Vec<_> = roots.map(|at| (at, count)).collect();
        todo.reverse();
        let mut questions = Vec::new();
        let mut is_other = vec![false; count];
        // The last place is that before the first question.
        let mut goes_on = vec![false; count + 1];
        while let Some((at, mut asked)) = todo.pop() {
            if self.is_question(at) {
                is_other[at] = std::mem::replace(&mut goes_on[asked], true);
                questions.push(at);
                asked = at;
            }
            let below = self.children[at].iter().rev();
            todo.extend(below.map(|below| (*below, asked)));
        }
        questions.retain(|at| !goes_on[*at]);
        (questions, is_other, goes_on)
    }

    /// Returns all ways down from a node that meet no question; none of them is part of another.
    fn answers(&self, from: usize) -> Vec<Vec<usize>> {
        let below = |at: usize| self.children[at].iter().rev().copied();
        let mut todo: Vec<_> = below(from).map(|at| (at, 0)).collect();
        let (mut ways, mut way) = (Vec::new(), Vec::new());
        while let Some((at, depth)) = todo.pop() {
            // The only cycle is through the start.
            if self.is_question(at) || at == from {
                continue;
            }
            way.truncate(depth);
            way.push(at);
            let before = todo.len();
            todo.extend(below(at).map(|below| (below, depth + 1)));
            if todo[before..].iter().all(|(at, _)| self.is_question(*at)) {
                ways.push(way.clone());
                if ways.len() > MAX_ANSWERS {
                    break;
                }
            }
        }
        ways
    }

    /// Reads the conversation. The first chat is the path through this node.
    pub fn read(&self, mut conversation: Conversation<'_>, current: Option<usize>) -> Foreign {
        let path = current.map_or_else(Vec::new, |current| self.path(current));
        let (mut ends, is_other, goes_on) = self.ways();
        let mut is_current = vec![false; self.nodes.len()];
        for at in &path {
            is_current[*at] = true;
        }
        ends.retain(|end| !is_current[*end]);
        conversation.foreign.has_more |= ends.len() > MAX_WAYS;
        let ends = ends.into_iter().take(MAX_WAYS);
        let mut length = 0;
        for path in [path].into_iter().chain(ends.map(|end| self.path(end))) {
            length += path.len();
            if length > MAX_LENGTH && length > path.len() {
                conversation.foreign.has_more = true;
                break;
            }
            // A way keeps its identifier when it goes on, and when another becomes the current one. One that
            // ends at a question from which another goes on has that of its answer.
            let own = path.iter().rev().find(|at| is_other[**at]);
            let asked = path.iter().rposition(|at| self.is_question(*at));
            let own = match asked {
                Some(asked) if goes_on[path[asked]] => path.get(asked + 1).or(own),
                _ => own,
            };
            conversation.begin(own.map_or("", |at| self.nodes[*at].id));
            self.read_path(&mut conversation, &path);
        }
        conversation.foreign
    }

    fn read_path(&self, conversation: &mut Conversation<'_>, path: &[usize]) {
        let mut cards = Vec::new();
        let mut at = 0;
        while at < path.len() {
            let node = &self.nodes[path[at]];
            if node.role == Role::Other {
                at += 1;
                continue;
            }
            let from = at + usize::from(node.role == Role::Question);
            let length = path[from..].iter().position(|at| self.is_question(*at));
            let end = length.map_or(path.len(), |length| from + length);
            let above = if from > at {
                Some(path[at])
            } else {
                self.parents[path[at]]
            };
            self.take_turn(conversation, &mut cards, path[at], above, &path[from..end]);
            at = end;
        }
        conversation.end_chat(cards);
    }

    /// Reads a question with its answers, or answers that start the conversation.
    fn take_turn(
        &self,
        conversation: &mut Conversation<'_>,
        cards: &mut Vec<Card>,
        first: usize,
        above: Option<usize>,
        way: &[usize],
    ) {
        let mut ways = above.map_or_else(Vec::new, |above| self.answers(above));
        if ways.len() > MAX_ANSWERS {
            conversation.foreign.has_more = true;
            ways.pop();
        }
        if !way.is_empty() && !ways.iter().any(|other| other == way) {
            ways.push(way.to_vec());
        }
        let mut models: Vec<&str> = Vec::new();
        let mut by_card: Vec<(Vec<Answer>, Option<usize>)> = Vec::new();
        let canvas = conversation.canvas.take();
        let mut canvas_after = canvas.clone();
        for other in ways {
            conversation.canvas.clone_from(&canvas);
            let card = self.card_of(other[0], &mut models);
            if by_card.len() <= card {
                by_card.resize(card + 1, (Vec::new(), None));
            }
            let (answers, shown) = &mut by_card[card];
            if other == way {
                *shown = Some(answers.len());
            }
            let is_answer = |at: &&usize| self.nodes[**at].role == Role::Answer;
            let name = *other.iter().find(is_answer).unwrap_or(&other[0]);
            let mut answer = conversation.answer(self.nodes[name].id, "");
            for at in &other {
                (self.answer)(conversation, &mut answer, self.nodes[*at].value);
            }
            conversation.name_model(&mut answer);
            if let Cow::Owned(text) = without_marks(&answer.text) {
                answer.text = text;
            }
            answers.push(answer);
            if other == way {
                canvas_after.clone_from(&conversation.canvas);
            }
        }
        conversation.canvas = canvas_after;
        let is_unanswered = by_card.is_empty();
        if is_unanswered {
            // The question was for all models.
            by_card.resize(cards.len().max(1), (Vec::new(), None));
        }
        for (place, (answers, shown)) in by_card.into_iter().enumerate() {
            if answers.is_empty() && !is_unanswered {
                continue;
            }
            while cards.len() <= place {
                cards.push(conversation.card(&cards.len().to_string()));
            }
            let node = &self.nodes[first];
            let mut turn = conversation.turn(cards[place].id, node.id, String::new());
            if node.role == Role::Question {
                (self.question)(conversation, &mut turn, node.value);
            }
            let is_said =
                |answer: &Answer| !answer.is_empty() || answer.outcome != Outcome::Complete;
            if answers.iter().any(is_said) {
                answered(&mut turn, answers, shown);
            } else if node.role != Role::Question {
                continue;
            }
            cards[place].turns.push(turn);
        }
    }

    /// Returns the place of the card for an answer.
    fn card_of(&self, answer: usize, models: &mut Vec<&'a str>) -> usize {
        if !self.is_split {
            return 0;
        }
        let value = self.nodes[answer].value;
        let number = value.get("modelIdx").and_then(Value::as_u64);
        let number = number.and_then(|number| usize::try_from(number).ok());
        let model = text(value, "model");
        let place = number.unwrap_or_else(|| {
            let known = models.iter().position(|other| *other == model);
            known.unwrap_or_else(|| {
                models.push(model);
                models.len() - 1
            })
        });
        place.min(MAX_CARDS - 1)
    }
}

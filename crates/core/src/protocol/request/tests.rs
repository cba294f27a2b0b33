use super::*;
use crate::chat::{
    Outcome,
    attachment::{self, Kind},
    turn,
};

fn turn(prompt: &str, answer: Option<&str>) -> Turn {
    Turn {
        answer: answer.map(|text| crate::chat::turn::tests::answer(text, Outcome::Complete)),
        ..Turn::new(turn::Id::new(0), prompt.into())
    }
}

#[test]
fn a_message_with_attachments_is_a_list_of_parts() {
    let attachment = |id, name: &str, kind| Attachment {
        id: attachment::Id::new(id),
        name: name.into(),
        kind,
        bytes: 1,
    };
    let image = Kind::Image {
        width: 1,
        height: 1,
        original: None,
    };
    let with = |turn: Turn, attachments| Turn {
        attachments,
        ..turn
    };
    let first = vec![
        attachment(1, "a.png", image),
        attachment(2, "b.txt", Kind::Text),
    ];
    let before = [
        with(turn("look", Some("seen")), first),
        with(turn("lost", None), vec![attachment(3, "c", Kind::Text)]),
    ];
    let asked = vec![
        attachment(
            4,
            "문서.pdf",
            Kind::Pdf {
                pages: 2,
                unread: None,
            },
        ),
        attachment(5, "gone", Kind::Text),
    ];
    let asked = with(turn(" ", None), asked);
    let needed: Vec<_> = attachments(&before, &asked).map(|found| found.id).collect();
    assert_eq!(needed, [1, 2, 4, 5].map(attachment::Id::new));
    let content = |id, content: &str| (attachment::Id::new(id), content.to_owned());
    let contents = Contents::from([
        content(1, "data:image/png;base64,AA=="),
        content(2, "text"),
        content(4, "한국어"),
    ]);
    let request = Request::new("m", "", &before, &asked, &contents, Map::new());
    let messages = serde_json::to_string(&request.messages).unwrap();
    assert_eq!(
        messages,
        concat!(
            r#"[{"role":"user","content":[{"type":"text","text":"look"},"#,
            r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}},"#,
            r#"{"type":"text","text":"b.txt\n```\ntext\n```"}]},"#,
            r#"{"role":"assistant","content":"seen"},"#,
            r#"{"role":"user","content":[{"type":"text","text":"문서.pdf\n```\n한국어\n```"}]}]"#,
        )
    );
}

#[test]
fn an_answer_is_continued_in_words_or_as_it_is() {
    #[track_caller]
    fn check(server: Server, continues: bool, roles: &[&str]) {
        let (contents, asked) = (Contents::new(), turn("a", Some("b")));
        let mut card = Card::new(1.into());
        card.turns = vec![asked];
        let id = card.turns[0].id;
        let form = Form {
            renames_max_tokens: false,
            counts_tokens: true,
        };
        let request = Request::to_answer(&card, id, "m", &contents, form, server, continues);
        let messages = request.expect("a turn of the card").messages;
        let sent: Vec<_> = messages.iter().map(|it| it.role).collect();
        assert_eq!(sent, roles);
    }
    check(Server::Other, false, &["user"]);
    check(Server::Other, true, &["user", "assistant", "user"]);
    check(Server::OnDevice, false, &["user"]);
    check(Server::OnDevice, true, &["user", "assistant"]);
}

#[test]
fn a_request_repeats_the_conversation() {
    let before = [turn("a", Some("b")), turn("c", Some("")), turn("d", None)];
    let params = Map::from_iter([("top_k".to_owned(), 40.into())]);
    let (contents, asked) = (Contents::new(), turn("한국어\n\"e\"", None));
    let request = Request::new("m", "Be kind.", &before, &asked, &contents, params);
    assert_eq!(
        serde_json::to_string(&request).unwrap(),
        concat!(
            r#"{"model":"m","messages":[{"role":"system","content":"Be kind."},"#,
            r#"{"role":"user","content":"a"},"#,
            r#"{"role":"assistant","content":"b"},"#,
            r#"{"role":"user","content":"한국어\n\"e\""}],"#,
            r#""stream":true,"stream_options":{"include_usage":true},"top_k":40}"#,
        )
    );
    let asked = turn("a", None);
    let plain = Request::new("m", " ", &[], &asked, &contents, Map::new());
    assert_eq!(
        serde_json::to_string(&plain).unwrap(),
        concat!(
            r#"{"model":"m","messages":[{"role":"user","content":"a"}],"stream":true,"#,
            r#""stream_options":{"include_usage":true}}"#,
        )
    );
}

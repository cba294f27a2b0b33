"""Writes the fixtures tokens.txt, logits.txt and logits.f16 to this folder, from the output of llama.cpp.

    cc reference.c -lllama -lggml -lggml-base -o reference        (with llama.cpp's headers and libraries)
    llama-quantize --allow-requantize smollm2-135m-instruct-q4_1.gguf whole.gguf F32
    pip install numpy==2.4.6
    python make.py smollm2-135m-instruct-q4_1.gguf whole.gguf ./reference

The logits are those of whole.gguf: the same weights, each as a 32-bit number. With the quantised file itself,
llama.cpp rounds the vectors multiplied by the weights to 8 bits, which changes its logits down to a cosine
of 0.998 (measured with prompts like these).

Versions: llama.cpp 0.7.0 with ggml 0.27.0, as in Debian (1:0.7.0+dfsg-2 and 0.27.0-1), on x86-64, one
thread. The texts were written for this purpose, or are drawn with a fixed seed.
"""

import random
import struct
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy

HERE = Path(__file__).parent
DRAW = random.Random(20240601)

WORDS = {
    "english": """the a river mountain she'll don't we've I'm you're he'd it's Teacher's LAUGH IT'S letters
        quiet window yesterday counting compare model answer because through unbelievably re-read e-mail
        naïve café coöperate Straße piñata crème brûlée U.S.A. o'clock rock'n'roll ’tis don’t — “quoted” …""",
    "korean": """안녕하세요 오늘 날씨가 참 좋네요 강아지가 공원에서 뛰어놉니다 학교에 갔다가 왔어요 컴퓨터 한글 맞춤법을 검사한다
        뷁 쀍 갉아먹다 닭볶음탕 읊조리다 ㅋㅋㅋㅋ ㅠㅠ ㅎㅎ ㄱㄴㄷ 가나다라 AI모델은 2024년에 3월1일 값이 1,234원 LLM을 비교하는""",
    "japanese": """こんにちは 今日は 天気が いいですね 東京タワー カタカナ ひらがな 漢字 ﾊﾝｶｸ ｶﾞｷﾞ ー々〆 を見た 行きました。 「引用」 １２３ ゔ ゞ""",
    "chinese": """你好 世界 我们 今天 去 图书馆 看书 繁體字 龍 龜 鬱 簡単 一二三 二〇二四年 “引号” 《书名》 ，。！？ 𠮷野家 㐂""",
    "arabic": """مرحبا بالعالم كتاب مَدْرَسَةٌ السَّلَامُ عَلَيْكُمْ ٠١٢٣٤ ۴۵۶ لا؟ ـــ אבגד שָׁלוֹם עוֹלָם בְּרֵאשִׁית ״ציטוט״""",
    "indic": """नमस्ते दुनिया किताब क्षेत्र हिन्दी १२३ বাংলা ভাষা தமிழ் மொழி తెలుగు ಕನ್ನಡ മലയാളം ਪੰਜਾਬੀ ગુજરાતી සිංහල""",
    "thai": """สวัสดีครับ ภาษาไทย น้ำ เก้าอี้ ๑๒๓ ฿๕๐ ລາວ ភាសាខ្មែរ မြန်မာ བོད་སྐད་ አማርኛ ქართული Հայերեն""",
    "european": """Здравствуйте мир ёлка Київ їжак Ελληνικά γλώσσα ἄνθρωπος žluťoučký kůň łódź Đà Nẵng Việt ğüşıöç İstanbul ﬁne ǅ ß ẞ""",
    "code": """fn main() { println!("{}",x); } let mut v=Vec::<u8>::new(); if(a&&b||!c){return;} for(int i=0;i<10;i++) x+=1;
        def f(x:int)->str: return f"{x!r}" # comment // TODO: /*...*/ <div class="a-b">&nbsp;</div> SELECT * FROM t WHERE id=42;
        {"key":[1,2.5e-3,null,true]} https://example.org/a?b=c&d=%20#e user@example.org C:\\Temp\\x.txt ../../etc $HOME ${x:-y}
        0xFF_u8 0b1010 1_000_000 ==> !== ->* ::<> @@ ### ``` --- *** snake_case camelCase kebab-case SCREAMING_CASE \\n \\u{1F600}""",
    "numbers": """0 7 42 007 1234567890 3.14159 -273.15 1e10 6.02×10²³ ½ ¾ ⅷ Ⅻ ① ⑳ ㊿ ２０２４ 12:34:56 1,000,000 99% №5 4K 3D x2 a1b2 β3
        ٤٥ ६७ 〇一 𝟙𝟚 10°C ±5 1/2""",
    "emoji": """😀 👍🏽 👨‍👩‍👧‍👦 🏳️‍🌈 🇰🇷 🇺🇳 1️⃣ ❤️ ☕︎ 🧑🏿‍💻 🫠 ♟️ ✌🏻 👁️‍🗨️ 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f ™ © ® →⇒∀∃∈ℝ√∞≠≤ ∑∫ ▁▂▃ █ ♥♦♣♠ ★☆""",
    "marks": """e\u0301 a\u0308\u0304 n\u0303o z\u0351\u036b\u0343\u036a\u0302\u036b o\u0328\u0301 \u0301 \u20dd a\u20dd \u1112\u1161\u11ab \u1100\u1161 \u1112\u1161\u11abᄀ ㅎㅏㄴ \ufe0f x\ufe0e \u200b
        zero\u200bwidth soft\u00adhyphen \u2060 \ufeffbom \u202eright\u202c \u2066iso\u2069 \u0345 \u0e33 \u093f q\u0323\u0307 \u3099か か\u3099 i\u0307""",
    "special": """<|im_start|> <|im_end|> <|endoftext|> <|im_start|>system <|im_start|>user\n <repo_name> <file_sep> <empty_output> <s> </s> [INST] <|eot_id|>""",
}
SPACES = [" ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", "\r", " \n", "\n ", "\t\t", "\v", "\f", "\x1c", "\x85", "\xa0", "\u1680",
          "\u2002", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "    ", " \xa0 ", "        "]
ENDS = ["", "", "", ".", "!", "?", " ", "  ", "\n", "...", "'", "'s", "'S", " 's", "n't", ":", ",", "?!", "\n\n\n", "\t"]


def phrase(language):
    words = WORDS[language].split(None) if language != "special" else WORDS[language].split(" ")
    text = DRAW.choice(["", "", "", " ", "\n", "  "])
    for _ in range(DRAW.randint(1, 6)):
        text += DRAW.choice(words)
        text += " " if DRAW.random() < 0.7 else DRAW.choice(SPACES + ["", "", "", "'", "-", "/"])
    return text.rstrip(" ") + DRAW.choice(ENDS)


def character():
    high = DRAW.choice([0x80, 0x250, 0x3000, 0xD800, 0x10000, 0x20000, 0x110000])
    while 0xD800 <= (code := DRAW.randrange(high)) < 0xE000:
        pass
    return chr(code)


def strings():
    texts = ["", " ", "  ", "\0", "a", "'", "'s", "''s", " '", "\ufeff", "\U0010ffff", "\x7f", "\x80"]
    texts += [chr(code) for code in range(1, 32)]
    texts += [f"a{space}b{space}{space}c{space}" for space in SPACES]
    texts += [f"{space}1{space}\u0301{space}!" for space in SPACES]
    for run in ["a", "ab", " ", "\n", "0", "=", "-", "ㅋ", "가", "한글", "あ", "好", "😀", "\u0301", "é", "aA", "\t ", "the", "\0", "🇰🇷", " x", "!?"]:
        texts += [run * DRAW.randint(2, 9), run * DRAW.randint(30, 60), "x" + run * 129 + "y"]
    for language in WORDS:
        texts += [phrase(language) for _ in range(45)]
    mixed = list(WORDS)
    while len(texts) < 850:
        texts.append("".join(phrase(DRAW.choice(mixed)) for _ in range(DRAW.randint(2, 4))))
    while len(texts) < 940:
        texts.append("".join(character() for _ in range(DRAW.randint(1, 24))))
    while len(texts) < 1000:
        few = [character() for _ in range(4)] + DRAW.choices(SPACES + list("aZ09'.,!s"), k=8)
        texts.append("".join(DRAW.choices(few, k=DRAW.randint(5, 40))))
    return texts


STORY = """The old lighthouse keeper counted the boats every evening. There were {} of them when the year began, and {}
when the storms were over. He wrote each number into a book with a green cover, beside the weather and the price of oil.
On {} he found that a page was missing. "Who would take a page about {}?" he asked, but the sea gave no answer. His
neighbour, who repaired clocks, thought of the {} that lived under the stairs. Together they followed a trail of small
blue threads along the harbour wall, past the {} and the empty market, until they came to a door that neither of them
had ever seen. """
STORIES = [
    ("seventeen", "eleven", "Monday", "herring", "mice", "bakery"),
    ("forty", "thirty-eight", "the first of May", "fog", "cat", "school"),
    ("two hundred", "ninety", "a Sunday in autumn", "the tide", "children", "post office"),
]
PROMPTS = [
    "The three primary colours are red,",
    "대한민국의 수도는 서울이다. 일본의 수도는",
    "def fibonacci(n):\n    if n < 2:\n        return n\n    return",
    "".join(STORY.replace("\n", " ").format(*story) for story in STORIES) + "The door was opened by",
    "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
    "<|im_start|>user\nName three animals that live in the sea.<|im_end|>\n<|im_start|>assistant\n",
]


def escaped(text):
    seen = lambda c: c == " " or c != "\\" and unicodedata.category(c)[0] not in "CZM"
    return "".join(c if seen(c) else f"\\u{{{ord(c):x}}}" for c in text)


def packed(texts):
    return b"".join(struct.pack("<I", len(data)) + data for data in (text.encode() for text in texts))


def main(model, whole, *reference):
    def ask(model, what, given):
        return subprocess.run([*reference, model, what], input=given, stdout=subprocess.PIPE, check=True).stdout

    texts = strings()
    lines = ask(model, "tokens", packed(texts)).decode().split("\n")[:-1]
    assert len(lines) == len(texts) == len(set(texts)) == 1000
    with open(HERE / "tokens.txt", "w") as file:
        for text, line in zip(texts, lines):
            file.write(f"{line}\t{escaped(text)}\n")

    prompts = ask(model, "special", packed(PROMPTS))
    logits = numpy.frombuffer(ask(whole, "logits", prompts), "<f4").reshape(len(PROMPTS), -1)
    with open(HERE / "logits.txt", "w") as file:
        for line, row in zip(prompts.decode().split("\n"), logits):
            best = numpy.argsort(-row, kind="stable")[:5]
            file.write(f"{' '.join(map(str, best))}\t{line}\n")
    logits.astype("<f2").tofile(HERE / "logits.f16")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Texts that tokenizers disagree about: scripts, emoji, marks, white space, code, random points."""

import pathlib
import random

TEXTS = [
    "", " ", "  ", "\n", "\r\n", "\t", "a", " a", "a ", "  a  b   c    d     ",
    "Hello, world! It's me; they're here, we've gone, I'll go, I'd say I'm fine. IT'S, THEY'RE",
    "don''t 'tis 's'S 'LL 'Ve 'rE 'm'M 'x ' '' 'ſ a'ſb 'ﬅ ’s",
    "1 12 123 1234 12345 3.14159 1,000,000 0x1F 1e-9 ½ Ⅷ ٣٤٥ १२३ 一二三 ² 𝟘𝟙 10²³ a1b22c333",
    "Grüße aus Köln, naïve café — Ångström œuvre",
    "cafe\u0301 n\u0303 a\u0308\u0323 Z\u0351\u0343\u0310a\u0321lgo \u0301alone",
    "Привет, мир! Ёлка съела 3 подъезда.", "Γειά σου Κόσμε, ὀξύς", "שלום עולם, מה שלומך? 5₪",
    "مرحبا بالعالم، كيف حالك؟ ١٢٣", "नमस्ते दुनिया, आप कैसे हैं?", "สวัสดีชาวโลก สบายดีไหม",
    "你好，世界！今天天气不错。《红楼梦》", "こんにちは世界。カタカナｶﾀｶﾅ ーー", "안녕하세요 세계, 잘 지내?",
    "ગુજરાતી தமிழ் తెలుగు ಕನ್ನಡ മലയാളം සිංහල ລາວ မြန်မာ ქართული Հայերեն ᏣᎳᎩ አማርኛ ᠮᠣᠩᠭᠣᠯ བོད་སྐད",
    "😀😁🤣 👨‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈 🇩🇪🇫🇷 ❤️ ✈︎ 1️⃣ 🫠🫡",
    "\u200e\u200f\u202a\u202c\u2066\u2069 \u200b\u200c\u200d\ufeff\u00ad x\u200dy",
    "\u00a0a\u00a0\u00a0b\u3000c\u3000\u3000 d\u2003e\u2028f\u2029g\u0085h\u1680i\u202fj\u205fk",
    "a\r\nb\r\n\r\nc\n\nd\n\n\n e \n f\n \n\t g\r\rh \r\n\t\n", "x\n", "x \n", "x  \n\n  y", "\n x", " \n x",
    "\x00\x01\x02\x04\x06\x07\x08\x0b\x0c\x0e\x13\x14\x16\x1b[0m\x1d\x7f\x80\x9f",
    "int main(int argc, char** argv) {\n\tfor (int i = 0; i < 10; ++i) {\n\t\tprintf(\"%d\\n\", i);\n\t}\n"
    "    return a[i]->b.c == (x ? y : z) && !q || ~r ^ s;  // done\n}\n",
    "function(e,t){return e!==t&&(e=t),{...e,[t]:`${e}`}};var a=/^[\\w.]+@(?:\\w+\\.)+$/gi;\n<div class='x'>",
    "<table><tr><td>a</td></tr></table> <h1>T</h1><code>x</code> <b>b</b></s> <s> <start_of_image>",
    "<|im_start|>user\nhi<|im_end|> <|endoftext|> <bos><eos><pad><unk> <unused0> <start_of_turn> [INST] <0x0A>",
    "$$$ +++ <<<===>>> ^^ ~~ || ... ---- ____ //// \\\\ ??? !!! *** ### @@@ && %% `` \"\" “” «» „‟ ‹›",
    "$+<=>^~|`a$b+c d.e,f;g:h!i?j(k)l[m]n{o}p 'q' \"r\" s_t-u/v\\w@x#y%z&*",
    "\u2581a \u2581\u2581b c\u2581d", "ﬁ ﬂ ＡＢＣ ａｂｃ １２３ ㎏ ℃ Ａ's", "ſ ẞ ß İ ı K Å",
    "\U00010348 𐍈 𝒜𝓁𝓅𝒽𝒶 𓀀𓀁 \U00016d63\U000105c0\U0001c8a0 \u1c89 \ua7cb", "\ufffd\ufffe\uffff\U0010ffff\ue000",
    "a" * 300, " " * 100, "\n" * 70, "\t" * 40, "ab" * 200, "=" * 120, "-" * 77, "😀" * 40, " \n" * 50,
    "Ġ Ċ ĉ Ń ł Ā", "word" + " " * 33 + "word" + "\n" * 33 + "word",
]


def random_text(rng):
    """Runs drawn from one or another part of Unicode, with white space and letters between."""
    parts = [(0x20, 0x7F), (0x00, 0x20), (0x80, 0x250), (0x250, 0x600), (0x600, 0xE00),
             (0xE00, 0x2000), (0x2000, 0x2100), (0x2100, 0x3100), (0x4E00, 0xA000), (0xAC00, 0xD7A4),
             (0xF900, 0x10000), (0x10000, 0x11000), (0x1F300, 0x1FB00), (0x0, 0x110000)]
    out = []
    for _ in range(rng.randrange(1, 40)):
        low, high = rng.choice(parts)
        for _ in range(rng.randrange(1, 6)):
            point = rng.randrange(low, high)
            if not 0xD800 <= point < 0xE000:
                out.append(chr(point))
        out.append(rng.choice(["", "", " ", "  ", "\n", " \n ", "'", "'s", "1", "12345", "the", " a"]))
    return "".join(out)


def corpus(random_texts=400):
    rng = random.Random(2)
    texts = TEXTS + [random_text(rng) for _ in range(random_texts)]
    for path in sorted(pathlib.Path("/usr/share/common-licenses").glob("*"))[:6]:
        texts.append(path.read_text(encoding="utf-8", errors="ignore")[:60_000])
    texts.append(pathlib.Path(__file__).read_text(encoding="utf-8"))
    return texts

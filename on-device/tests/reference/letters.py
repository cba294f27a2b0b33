"""Prints the tables of src/unicode.rs: the letters and the numbers of Unicode 15.1.

    pip install unicodedata2==15.1.0 && python letters.py
"""

import unicodedata2


def table(category):
    borders, was = [], False
    for code in range(0x110000):
        if (unicodedata2.category(chr(code))[0] == category) != was:
            borders.append(code)
            was = not was
    out, last = bytearray(), 0
    for border in borders:
        step, last = border - last, border
        while step >= 0x80:
            out.append(step & 0x7F | 0x80)
            step >>= 7
        out.append(step)
    return bytes(out)


for name, category in ("LETTERS", "L"), ("NUMBERS", "N"):
    written = [f"\\x{byte:02x}" for byte in table(category)]
    print(f'const {name}: &[u8] = b"\\')
    for at in range(0, len(written), 26):
        print("    " + "".join(written[at : at + 26]) + "\\")
    print('    ";')

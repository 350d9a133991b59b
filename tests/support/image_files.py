"""Files in the formats that CVAT's tasks hold."""

import io
import struct

from PIL import Image

SIZE = (64, 48)
RED = (220, 30, 30)
SAVED = ("JPEG", "PNG", "WEBP", "AVIF", "JPEG2000", "TIFF", "BMP", "GIF", "PPM", "DDS", "SGI", "PCX", "TGA", "ICO")


def image_file(form: str, size: tuple[int, int] = SIZE) -> bytes:
    """A file of this format, all red."""
    image, out = Image.new("RGB", size, RED), io.BytesIO()
    if form == "XPM":
        rows = "".join(f'"{"a" * size[0]}",\n' for _ in range(size[1]))
        text = f'/* XPM */\nstatic char *x[] = {{\n"{size[0]} {size[1]} 1 1",\n"a c #DC1E1E",\n{rows}}};\n'
        return text.encode()
    if form == "SUN":
        head = struct.pack(">8I", 0x59A66A95, *size, 24, size[0] * size[1] * 3, 1, 0, 0)
        return head + bytes(reversed(RED)) * (size[0] * size[1])
    if form == "PSD":
        head = b"8BPS" + struct.pack(">HxxxxxxHIIHH", 1, 3, size[1], size[0], 8, 3) + struct.pack(">III", 0, 0, 0)
        return head + b"\0\0" + b"".join(bytes([value]) * (size[0] * size[1]) for value in RED)
    image.save(out, form, **({"sizes": [size]} if form == "ICO" else {}))
    return out.getvalue()


FORMS = (*SAVED, "XPM", "SUN", "PSD")

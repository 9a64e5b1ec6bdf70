"""A camera that looks at a QR code: Chromium's fake device plays the file that is written here."""

import math
from collections.abc import Callable
from pathlib import Path

import segno

WIDTH, HEIGHT = 640, 480
WHITE, BLACK, DESK = 235, 16, 128  # luma, studio range
QUIET_ZONE = 4
FLAGS = [
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]

Pixel = Callable[[float, float], int]


def of_code(text: str) -> Pixel:
    """Luma at each point of the picture: the code upright in the middle of a grey desk."""
    modules = [list(row) for row in segno.make(text, error="m", micro=False).matrix]
    size = len(modules) + 2 * QUIET_ZONE
    scale = 0.8 * HEIGHT / size

    def pixel(x: float, y: float) -> int:
        column = math.floor((x - WIDTH / 2) / scale + size / 2)
        row = math.floor((y - HEIGHT / 2) / scale + size / 2)
        if not (0 <= column < size and 0 <= row < size):
            return DESK
        column, row = column - QUIET_ZONE, row - QUIET_ZONE
        inside = 0 <= column < len(modules) and 0 <= row < len(modules)
        return BLACK if inside and modules[row][column] else WHITE

    return pixel


def turned(pixel: Pixel, degrees: float) -> Pixel:
    """A hand is never level."""
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))

    def rotated(x: float, y: float) -> int:
        left, up = x - WIDTH / 2, y - HEIGHT / 2
        return pixel(left * cosine - up * sine + WIDTH / 2, left * sine + up * cosine + HEIGHT / 2)

    return rotated


def blurred(pixel: Pixel, reach: float = 1.5) -> Pixel:
    """Nor perfectly still."""
    around = [(x * reach, y * reach) for x in (-1, 0, 1) for y in (-1, 0, 1)]

    def soft(x: float, y: float) -> int:
        return sum(pixel(x + right, y + down) for right, down in around) // len(around)

    return soft


def show(path: Path, pixel: Pixel) -> None:
    """YUV4MPEG2, one frame, which Chromium repeats."""
    luma = bytes(pixel(x, y) for y in range(HEIGHT) for x in range(WIDTH))
    colourless = bytes([128]) * (WIDTH * HEIGHT // 4)
    head = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F15:1 Ip A1:1 C420jpeg\n".encode()
    path.write_bytes(head + b"FRAME\n" + luma + colourless + colourless)

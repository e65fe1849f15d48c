"""What these tests share with those of plays."""

from tests.playing import play

__all__ = ["play"]

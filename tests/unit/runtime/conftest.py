"""What tests of plays share."""

from tests.playing import play

__all__ = ["play"]

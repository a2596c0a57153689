# SPDX-License-Identifier: GPL-2.0-or-later
"""Command lines by table: read fast and by hand when they are right, told by argparse when somebody asks for help.

argparse alone costs as much as a whole check may (and exits with 2, which keepalived can read as "up").
"""

from __future__ import annotations

from lvs_rawcheck.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Option:
    """One option: `-t/--timeout SECONDS`.

    short: a letter or "". metavar: None for an option without value, which is counted. convert: text to value;
    raises UsageError. many: it may be given several times, and its value is the list of them. Its key, in the values
    and in the registry, is the long name with `_` for `-`.
    """

    __slots__ = ("convert", "default", "help", "long", "many", "metavar", "short")

    def __init__(
        self,
        short: str,
        long: str,
        metavar: str | None,
        help: str,
        convert: Callable[[str], object] = str,
        default: object = None,
        many: bool = False,
    ) -> None:
        self.short = short
        self.long = long
        self.metavar = metavar
        self.help = help
        self.convert = convert
        self.default = default
        self.many = many

    @property
    def key(self) -> str:
        """Return the name by which its value is found."""
        return self.long.replace("-", "_")


HELP_WORDS = ("-h", "-?", "--help", "--usage")


class HelpWanted(Exception):
    """The command line asks for help, and for nothing else: no error."""


class CommandLine:
    """What was found: values by key, and the positional arguments in order."""

    def __init__(self, options: Sequence[Option]) -> None:
        self.values: dict[str, object] = {option.key: _initial(option) for option in options}
        self.positionals: list[str] = []


def _initial(option: Option) -> object:
    if option.metavar is None:
        return 0
    return [] if option.many else option.default


def parse(arguments: Sequence[str], options: Sequence[Option]) -> CommandLine:
    """Return what `arguments` say; UsageError in one sentence, HelpWanted for a word of HELP_WORDS that stands alone.

    Help exits 0, which means healthy to keepalived and ldirectord: `-h HOST` in the place of a check must not.
    """
    if len(arguments) == 1 and arguments[0] in HELP_WORDS:
        raise HelpWanted
    found = CommandLine(options)
    by_name = {f"--{option.long}": option for option in options}
    by_name.update({f"-{option.short}": option for option in options if option.short})
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            found.positionals += rest
            break
        if word in HELP_WORDS:
            raise UsageError(f"{word} asks for help only where it stands alone")
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            _take(found, _known(by_name, name), name, value if equals else None, rest)
        elif word.startswith("-") and len(word) > 1:
            _take_short(found, by_name, word, rest)
        else:
            found.positionals.append(word)
    return found


def _take_short(found: CommandLine, by_name: dict[str, Option], word: str, rest: list[str]) -> None:
    """Take `-t2`, `-t 2`, `-vv` or `-vt2`."""
    letters = word[1:]
    while letters:
        name, letters = f"-{letters[0]}", letters[1:]
        option = _known(by_name, name)
        if option.metavar is None:
            _take(found, option, name, None, rest)
        else:
            _take(found, option, name, letters or None, rest)
            return


def _known(by_name: dict[str, Option], name: str) -> Option:
    if name not in by_name:
        raise UsageError(f"unknown option {name}")
    return by_name[name]


def _take(found: CommandLine, option: Option, name: str, value: str | None, rest: list[str]) -> None:
    if option.metavar is None:
        if value is not None:
            raise UsageError(f"option {name} takes no value")
        count = found.values[option.key]
        found.values[option.key] = count + 1 if isinstance(count, int) else 1
        return
    if value is None:
        if not rest:
            raise UsageError(f"option {name} needs a value: {option.metavar}")
        value = rest.pop(0)
    try:
        converted = option.convert(value)
    except UsageError as error:
        raise UsageError(f"option {name}: {error}") from error
    collected = found.values[option.key]
    if isinstance(collected, list):
        collected.append(converted)
    else:
        found.values[option.key] = converted


def help_text(program: str, positionals: str, description: str, options: Sequence[Option]) -> str:
    """Return the help of a command, laid out by argparse from the same table."""
    import argparse

    parser = argparse.ArgumentParser(
        prog=program,
        usage=f"{program} [options] {positionals}",
        description=description,
        add_help=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    group = parser.add_argument_group("options")
    for option in options:
        names = [f"-{option.short}"] if option.short else []
        names.append(f"--{option.long}")
        if option.metavar is None:
            group.add_argument(*names, action="store_true", help=option.help.replace("%", "%%"))
        else:
            group.add_argument(*names, metavar=option.metavar, help=option.help.replace("%", "%%"))
    group.add_argument("-h", "-?", "--help", "--usage", action="store_true", help="this text")
    return parser.format_help().rstrip("\n")

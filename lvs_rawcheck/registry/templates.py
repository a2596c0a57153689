# SPDX-License-Identifier: GPL-2.0-or-later
"""Text from templates: the shipped ones, or an administrator's of the same name (jinja2).

Values go through a filter of the language that they stand in, `toml` or `shell`; in a page (`.html`) each is escaped.
A template's slip, a name that it does not know for instance, is a ConfigError.
"""

from __future__ import annotations

import os
import re
from shlex import quote

import jinja2

from lvs_rawcheck.errors import ConfigSyntaxError, UsageError

OVERRIDES_DIR = "/etc/lvs-rawcheck/templates"
_INSTALLED_DIR = "/usr/share/lvs-rawcheck/templates"
_CHECKOUT_DIR = os.path.realpath(__file__).rsplit("/", 3)[0] + "/templates"
_NOT_PLAIN = re.compile(r"[^ !#-\[\]-~]")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


class Templates:
    """Templates by name. overrides: the folder that is looked through first."""

    def __init__(self, overrides: str = OVERRIDES_DIR) -> None:
        folders = [overrides, _CHECKOUT_DIR, _INSTALLED_DIR]
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader([folder for folder in folders if os.path.isdir(folder)]),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,  # what was read as root stays, whoever we are later
            autoescape=_is_html,
        )
        self._environment.filters.update(toml=toml_value, shell=quote, comment=_one_line)

    def render(self, name: str, /, **values: object) -> str:
        """Return a template's text with these values; ConfigSyntaxError."""
        try:
            return self._environment.get_template(name).render(**values)
        except jinja2.TemplateSyntaxError as error:
            raise ConfigSyntaxError(error.filename or name, error.lineno, 1, f"template: {error.message}") from error
        except jinja2.TemplateNotFound as error:
            raise ConfigSyntaxError(name, 0, 0, "there is no such template") from error
        except jinja2.TemplateError as error:
            raise ConfigSyntaxError(name, 0, 0, f"template: {error}") from error


def _is_html(name: str | None) -> bool:
    return name is not None and name.endswith(".html")


def toml_value(value: object) -> str:
    """Return a text, number, truth value or list of these as TOML 1.0.0 writes it; UsageError for what it cannot."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return f'"{_NOT_PLAIN.sub(_escaped, value)}"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml_value(element) for element in value)}]"
    raise UsageError(f"no value of a service file: {type(value).__name__}")


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    if character in _ESCAPES:
        return _ESCAPES[character]
    if "\ud800" <= character <= "\udfff":
        raise UsageError("a service file is UTF-8, and this text is not")
    return character if character.isprintable() else f"\\U{ord(character):08X}"


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)

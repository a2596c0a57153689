# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck mode`: whether raw checks decide, only observe, or are not sent; no configuration is touched."""

from __future__ import annotations

from lvs_rawcheck.cli.arguments import SERVICES_DIR, STATE_DIR
from lvs_rawcheck.cli.exit_status import HEALTHY, UNHEALTHY
from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.cli.options import HelpWanted, Option, help_text, parse
from lvs_rawcheck.cli.output import complain, one_sentence, say
from lvs_rawcheck.director.mode import MODES, Override, clear_override, read_override, write_override
from lvs_rawcheck.director.system_log import LOG_NOTICE, log_line
from lvs_rawcheck.errors import ConfigError, LinkError, RawCheckError, UsageError
from lvs_rawcheck.registry.files import SUFFIX, ServiceFolder
from lvs_rawcheck.registry.names import is_name
from lvs_rawcheck.registry.read import read_registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.cli.options import CommandLine

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SECONDS_MOST = 366 * 86400
_DESCRIPTION = f"""\
MODE: enforce (the raw check decides), observe (it is made, logged and counted, the standard one decides), or standard
(no raw probe is sent). Without MODE: show what holds. A MODE needs --for or --until-reboot.
Exit status 0: done, 1: not. Services are files of {SERVICES_DIR}."""


def _duration(text: str) -> int:
    """Return seconds of `90s`, `30m`, `2h` or `1d`; UsageError."""
    number, unit = text[:-1], text[-1:]
    seconds = (
        int(number) * _UNITS[unit]
        if number.isascii() and number.isdecimal() and len(number) < 9 and unit in _UNITS
        else 0
    )
    if not 0 < seconds <= _SECONDS_MOST:
        raise UsageError(f"not a time like 90s, 30m, 2h or 1d, at most 366d: {text!r}")
    return seconds


_OPTIONS = (
    Option("", "all", None, "every service of the registry"),
    Option("", "for", "TIME", "hold that long: 90s, 30m, 2h, 1d", _duration),
    Option("", "until-reboot", None, "hold until this host boots"),
    Option("", "clear", None, "let the registry say again"),
    Option("", "json", None, "print one JSON object"),
    Option("", "services", "DIR", f"the registry (default: {SERVICES_DIR})", default=SERVICES_DIR),
    Option("", "state", "DIR", f"where modes are kept (default: {STATE_DIR})", default=STATE_DIR),
)


def run(arguments: list[str]) -> int:
    """Run `mode` with what follows it on the command line; return the exit status."""
    try:
        line = parse(arguments, _OPTIONS)
        names, mode = _wanted(line)
        if line.values["clear"]:
            _clear(line, names)
        elif mode is not None:
            _set(line, names, mode)
        _show(line, names)
    except HelpWanted:
        say(help_text("lvs-rawcheck mode", "[SERVICE|--all] [MODE]", _DESCRIPTION, _OPTIONS))
    except RawCheckError as error:
        complain(f"lvs-rawcheck: {one_sentence(str(error))}")
        return UNHEALTHY
    return HEALTHY


def _wanted(line: CommandLine) -> tuple[list[str], str | None]:
    """Return the services meant, and the mode to set, None for none; UsageError."""
    words = list(line.positionals)
    every, times = bool(line.values["all"]), [key for key in ("for", "until_reboot") if line.values[key]]
    service = None if every or not words else words.pop(0)
    mode = words.pop(0) if words else None
    if words:
        raise UsageError(f"wanted: [SERVICE|--all] [MODE]; what is this: {words[0]!r}")
    if mode is not None and mode not in MODES:
        raise UsageError(f"not one of {', '.join(MODES)}: {mode!r}")
    changes = mode is not None or bool(line.values["clear"])
    if changes and service is None and not every:
        raise UsageError("of which service? Name one, or say --all")
    if line.values["clear"] and (mode is not None or times):
        raise UsageError("--clear takes what was set away: it goes with nothing else")
    if (mode is None and times) or (mode is not None and len(times) != 1):
        raise UsageError("a MODE and one of --for TIME and --until-reboot belong together")
    names = _service_names(str(line.values["services"]))
    if service is None:
        return names, mode
    if service not in names:
        raise UsageError(f"no such service: {service!r} (there is no {line.values['services']}/{service}{SUFFIX})")
    return [service], mode


def _service_names(folder_path: str) -> list[str]:
    """Return the names of all services, also of those whose file cannot be read today."""
    try:
        with ServiceFolder(folder_path) as folder:
            stems = [name.removesuffix(SUFFIX) for name in folder.file_names()]
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise UsageError(f"cannot read the registry {folder_path!r}: {reason}") from error
    return [stem for stem in stems if is_name(stem)]


def _set(line: CommandLine, names: list[str], mode: str) -> None:
    seconds = line.values["for"]
    limit = seconds if isinstance(seconds, int) else None
    until = "until the next boot" if limit is None else f"for {limit} s"
    try:
        for name in names:
            write_override(str(line.values["state"]), name, mode, limit)
            log_line(LOG_NOTICE, f"mode of {name}: {mode} {until}, set by hand")
    except (OSError, ValueError) as error:
        raise _not_written(line, error) from error


def _clear(line: CommandLine, names: list[str]) -> None:
    try:
        for name in names:
            clear_override(str(line.values["state"]), name)
            log_line(LOG_NOTICE, f"mode of {name}: as the registry says, set by hand")
    except (OSError, ValueError) as error:
        raise _not_written(line, error) from error


def _not_written(line: CommandLine, error: Exception) -> LinkError:
    reason = error.strerror or "open to others" if isinstance(error, OSError) else "not a path"
    return LinkError(f"cannot write a mode under {line.values['state']}: {reason}")


def _show(line: CommandLine, names: list[str]) -> None:
    registered = _registered(str(line.values["services"]))
    found = {}
    for name in names:
        override, trouble = read_override(str(line.values["state"]), name)
        if trouble is not None:
            complain(f"lvs-rawcheck: {one_sentence(trouble)}")
        found[name] = override
    if line.values["json"]:
        import json

        say(json.dumps({name: _described(override, registered.get(name)) for name, override in found.items()}))
        return
    for name, override in found.items():
        say(f"{name}: {_told(override, registered.get(name))}")


def _registered(folder_path: str) -> dict[str, str]:
    """Return what the registry says, by service; of several real servers' different modes all."""
    try:
        services = read_registry(folder_path, import_site_packages).services
    except ConfigError:
        return {}
    return {
        name: "+".join(dict.fromkeys(server.settings.mode for server in service.real_servers)) or service.settings.mode
        for name, service in services.items()
    }


def _described(override: Override | None, registered: str | None) -> dict[str, object]:
    left = override.seconds_left() if override is not None else None
    return {
        "mode": override.mode if override is not None else registered,
        "registry": registered,
        "set_by_hand": override is not None,
        "seconds_left": None if left is None else max(int(left), 0),
    }


def _told(override: Override | None, registered: str | None) -> str:
    if override is None:
        return registered or "unknown: its file cannot be read"
    left = override.seconds_left()
    until = "until the next boot" if left is None else f"for {max(int(left), 0)} s more"
    return f"{override.mode} {until} (the registry says {registered or 'nothing that can be read'})"

# SPDX-License-Identifier: GPL-2.0-or-later
"""What ldirectord takes of a value, class by class."""

from __future__ import annotations

import os

import pytest

from lvs_rawcheck.config.ldirectord import kinds
from lvs_rawcheck.config.ldirectord.directives import GLOBAL, VIRTUAL
from lvs_rawcheck.config.ldirectord.model import COMBINED, EXTERNAL, NEGOTIATE, OFF, ON
from tests.config.ldirectord.texts import all_kinds, block, error_kinds, read, virtual

QUOTED = ("request", "receive", "login", "passwd", "database", "secret", "load")


@pytest.mark.parametrize("name", QUOTED)
def test_what_has_to_stand_in_quotes(name: str) -> None:
    assert all_kinds(block(f'{name}="/a b"')) == []
    assert error_kinds(block(f"{name}=/a")) == [kinds.UNKNOWN]
    assert error_kinds(block(f"{name}='/a'")) == [kinds.UNKNOWN]
    assert error_kinds(block(f'{name}=""')) == [kinds.VALUE]


@pytest.mark.parametrize("name", ["logfile", "callback"])
def test_what_has_to_stand_in_quotes_globally(name: str) -> None:
    assert all_kinds(f'{name}="local0"\n') == []
    assert error_kinds(f"{name}=local0\n") == [kinds.UNKNOWN]


def test_the_last_quote_of_the_line_closes() -> None:
    assert virtual('request="/a" "b"').request == '/a" "b'
    assert all_kinds(block('request="/a" "b"')) == [kinds.IGNORED_TEXT]
    assert all_kinds(block('request="/a" b')) == [kinds.IGNORED_TEXT]
    assert error_kinds(block('request="/a"b')) == [kinds.DROPPED]


def test_a_request_gets_a_slash() -> None:
    assert virtual('request="index.html"').request == "/index.html"
    assert virtual('request="/index.html"').request == "/index.html"
    assert virtual().request == "/"


@pytest.mark.parametrize("name", ["request", "passwd", "receive", "login", "secret"])
def test_a_hash_cuts_inside_quotes_too(name: str) -> None:
    assert error_kinds(block(f'{name}="a#b"')) == [kinds.CUT_IN_QUOTES, kinds.UNKNOWN]


def test_a_hash_cuts_a_command_in_quotes_without_a_word() -> None:
    assert kinds.CUT_IN_QUOTES in error_kinds(block('checkcommand="/x#y"'))
    assert virtual('checkcommand="/x#y"').checkcommand == '"/x'
    assert all_kinds(block("virtualhost=www#1")) == [kinds.CUT]


@pytest.mark.parametrize("name", ["quiescent", "ops", "cleanstop"])
def test_yes_and_no_stand_alone_in_a_block(name: str) -> None:
    assert all_kinds(block(f"{name}=yes")) == []
    for value in ("yes ", "yes # c", "yes\r", "Yes", '"yes"', "true", ""):
        assert error_kinds(block(f"{name}={value}")) == [kinds.VALUE]


@pytest.mark.parametrize("name", ["quiescent", "readdquiescent", "fork", "autoreload", "cleanstop", "supervised"])
def test_yes_and_no_stand_alone_globally(name: str) -> None:
    assert all_kinds(f"{name}=no\n") == []
    for value in ("yes ", "yes # c", "yes\r", "1"):
        assert error_kinds(f"{name}={value}\n") == [kinds.VALUE]


def test_bare_supervised() -> None:
    found = read("supervised\n")
    assert [each.kind for each in found.findings] == [kinds.SUPERVISED]
    assert found.site.settings.supervised
    assert error_kinds("supervisedly\n") == [kinds.UNKNOWN]


@pytest.mark.parametrize(
    ("written", "taken", "found"),
    [
        ("3", 3, []),
        ("5s", 5, []),
        ('"3"', 3, []),
        ("3 # seconds", 3, []),
        ("3 4", 3, [kinds.IGNORED_TEXT]),
        ("1500ms", 1500, [kinds.NUMBER_FORM]),
        ("-3", 3, [kinds.NUMBER_FORM]),
        ("1.5", 1, [kinds.NUMBER_FORM]),
        ("about 7", 7, [kinds.NUMBER_FORM]),
        ("00", 0, [kinds.NUMBER_FORM]),
    ],
)
def test_numbers(written: str, taken: int, found: list[str]) -> None:
    assert virtual(f"checktimeout={written}").checktimeout == taken
    assert all_kinds(block(f"checktimeout={written}")) == found


@pytest.mark.parametrize("name", ["checktimeout", "negotiatetimeout", "checkcount", "failurecount", "checkinterval"])
def test_zero_is_refused(name: str) -> None:
    for value in ("0", "0.5", "none", ""):
        assert kinds.NUMBER in error_kinds(block(f"{name}={value}"))
        assert kinds.NUMBER in error_kinds(f"{name}={value}\n")


def test_numbers_with_borders() -> None:
    assert virtual("persistent=0").persistent == 0
    assert virtual("checkport=00080").checkport == 80
    assert error_kinds(block("checkport=0")) == [kinds.NUMBER]
    assert error_kinds(block("checkport=65536")) == [kinds.NUMBER]
    assert virtual(f"persistent={'9' * 5000}").persistent == 10**15


@pytest.mark.parametrize(
    ("written", "checktype", "connects"),
    [
        ("external", EXTERNAL, 0),
        ('"external" x', EXTERNAL, 0),
        ("on", ON, 0),
        ("off", OFF, 0),
        ("3", COMBINED, 3),
        ("0", COMBINED, 0),
        ("external 5", COMBINED, 5),
        ("http2", COMBINED, 2),
    ],
)
def test_checktype_looks_for_a_digit_first(written: str, checktype: str, connects: int) -> None:
    found = virtual(f"checktype={written}", 'checkcommand="/x"')
    assert (found.checktype, found.connects) == (checktype, connects)
    misread = [kinds.COMBINED_BY_DIGIT] if written in ("external 5", "http2") else []
    assert error_kinds(block(f"checktype={written}", 'checkcommand="/x"')) == misread


def test_first_words() -> None:
    assert virtual("service=https really").service == "https"
    assert error_kinds(block("service=ssh")) == [kinds.VALUE]
    assert error_kinds(block("checktype=Connect")) == [kinds.VALUE]
    assert virtual("httpmethod=head").httpmethod == "HEAD"
    assert error_kinds(block("httpmethod=POST")) == [kinds.VALUE]
    assert error_kinds(block("protocol=tcp,udp")) == [kinds.DROPPED]
    assert virtual("scheduler=Wlc").scheduler == "lc"
    assert error_kinds(block("scheduler=Wlc")) == [kinds.DROPPED]
    assert error_kinds(block("scheduler=WLC")) == [kinds.VALUE]


@pytest.mark.parametrize("end", [" ", " # c", "\t", "\r"])
def test_a_bare_command_keeps_what_stands_behind_it(end: str) -> None:
    assert error_kinds(block(f"checkcommand=/bin/x{end}")) == [kinds.TRAILING]
    assert virtual(f"checkcommand=/bin/x{end}").checkcommand != "/bin/x"
    assert virtual(f'checkcommand="/bin/x"{end}').checkcommand == "/bin/x"
    assert error_kinds(block(f'checkcommand="/bin/x"{end}')) == []


def test_commands_that_cannot_run() -> None:
    assert error_kinds(block("checkcommand='/bin/x'")) == [kinds.KEPT_QUOTES]
    external = ("checktype=external", 'checkcommand="/bin/x -v"')
    assert error_kinds(block(*external)) == [kinds.COMMAND]
    assert error_kinds(block('checkcommand="/bin/x -v"')) == []


@pytest.mark.parametrize("checktype", ["external", "external-perl"])
def test_external_without_a_command_is_always_up(checktype: str) -> None:
    assert error_kinds(block(f"checktype={checktype}")) == [kinds.ALWAYS_UP]
    assert virtual(f"checktype={checktype}").checkcommand == "/bin/true"


@pytest.mark.parametrize("name", ["execute", "fallbackcommand", "maintenancedir", "emailalertfrom"])
def test_global_comments_stay_in_the_value(name: str) -> None:
    assert kinds.KEPT_COMMENT in error_kinds(f"{name}=/x # added\n")
    assert error_kinds(f"{name}=/x\n") == []


def test_a_global_comment_behind_a_number_is_harmless() -> None:
    assert all_kinds("checktimeout=3 # added\n") == []


def test_quotes_that_nothing_takes_off() -> None:
    found = read('maintenancedir="/tmp"\n')
    assert [each.kind for each in found.findings] == [kinds.KEPT_QUOTES]
    assert found.site.settings.maintenance_folder == '"/tmp"'


def test_virtualhost() -> None:
    assert virtual('virtualhost="www" x').virtualhost == "www"
    assert virtual("virtualhost=www").virtualhost == "www"
    assert virtual("virtualhost=").virtualhost == ""
    assert virtual().virtualhost is None
    assert all_kinds(block("virtualhost=www # c")) == [kinds.TRAILING]


def test_netmask() -> None:
    for netmask, opening in (("255.255.255.0", "virtual=192.0.2.1:80"), ("64", "virtual6=[2001:db8::1]:80")):
        assert error_kinds(block(f"netmask={netmask}", opening=opening)) == []
        assert error_kinds(block(f"netmask={netmask} ", opening=opening)) == [kinds.VALUE]
    assert error_kinds(block("netmask=64")) == [kinds.VALUE]
    assert error_kinds(block("netmask=129", opening="virtual6=[2001:db8::1]:80")) == [kinds.VALUE]


def test_mail() -> None:
    for value in ("all", "none", "starting, running", "stopping ,reloading,", ""):
        assert all_kinds(f"emailalertstatus={value}\n") == []
    for value in ("none,all", "sometimes", "all # c", ",all"):
        assert error_kinds(f"emailalertstatus={value}\n") == [kinds.VALUE]
    assert error_kinds("emailalert=\n") == [kinds.VALUE]
    assert error_kinds("emailalertfreq=x1\n") == [kinds.NUMBER]
    assert error_kinds("smtp=[::1]\n") == [kinds.VALUE]


@pytest.mark.parametrize("text", ["connecttimeout=3\n", "timeout=3\n", block("connecttimeout=3")])
def test_old_names(text: str) -> None:
    assert error_kinds(text) == [kinds.DEPRECATED]


def test_the_last_of_several_counts() -> None:
    text = block("checktype=connect", "checktype=ping")
    assert all_kinds(text) == [kinds.REPEATED]
    assert read(text).site.virtuals[0].checktype == "ping"
    assert all_kinds(block("real=192.0.2.8 gate", "real=192.0.2.9 gate")) == []


def test_logins_that_a_service_brings() -> None:
    host = f"ldirectord@{os.uname().nodename}"
    assert (virtual("service=ftp").login, virtual("service=ftp").passwd) == ("anonymous", host)
    assert (virtual("service=sip").login, virtual("service=sip").passwd) == (host, "")
    assert virtual("service=ftp", 'login="me"').login == "me"
    assert virtual(opening="virtual=192.0.2.1:21").login == ""


def test_files_that_this_host_cannot_write() -> None:
    assert all_kinds(block("monitorfile=/nowhere/at/all")) == [kinds.FILE]
    assert all_kinds('logfile="/nowhere/at/all"\n') == [kinds.FILE]
    assert all_kinds(block("monitorfile=/file")) == []


def test_execute_names_another_configuration() -> None:
    found = read("execute=a.cf\nexecute=b.cf\nexecute=a.cf\n")
    assert found.site.settings.executes == ["a.cf", "b.cf"]
    assert {each.kind for each in found.findings} == {kinds.EXECUTE}


def test_the_table_has_every_directive() -> None:
    assert len(GLOBAL) == 25
    assert len(VIRTUAL) == 39
    assert virtual().checktype == NEGOTIATE

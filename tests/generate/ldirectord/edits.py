# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations before and after: whole files, each by its name."""

from __future__ import annotations

from dataclasses import dataclass, field

COMMAND = 'checkcommand="/etc/lvs-rawcheck/ldirectord/tcp-192.0.2.1-80"'
_HEAD = "checktimeout=3\ncheckinterval=2\n\n"
_ID = "# lvs-rawcheck tcp-192.0.2.1-80"


@dataclass(frozen=True, slots=True)
class Case:
    """One of them. options: of the plan."""

    before: str
    after: str
    options: dict[str, object] = field(default_factory=dict)


CASES = {
    "nothing of ours is in the block": Case(
        f"{_HEAD}virtual=192.0.2.1:80\n\treal=192.0.2.11:80 gate\n\tservice=http\n",
        f"{_HEAD}virtual=192.0.2.1:80\n\treal=192.0.2.11:80 gate\n\tservice=http\n"
        f"\t{_ID}, added\n\tchecktype=external\n\t{COMMAND}\n\tchecktimeout=5\n",
    ),
    "a checktype in the middle": Case(
        f"{_HEAD}virtual=192.0.2.1:80\n    checktype=negotiate\n    real=192.0.2.11:80 gate\n"
        "    service=http\n\n# end\n",
        f"{_HEAD}virtual=192.0.2.1:80\n    {_ID}, in place of:\n    #|checktype=negotiate\n    checktype=external\n"
        f"    real=192.0.2.11:80 gate\n    service=http\n    {_ID}, added\n    {COMMAND}\n    checktimeout=5\n"
        "\n# end\n",
    ),
    "a checktype at the end": Case(
        f"{_HEAD}virtual=192.0.2.1:80\n\treal=192.0.2.11:80 gate\n\tchecktype=connect\n",
        f"{_HEAD}virtual=192.0.2.1:80\n\treal=192.0.2.11:80 gate\n\t{_ID}, in place of:\n\t#|checktype=connect\n"
        f"\tchecktype=external\n\t{COMMAND}\n\tchecktimeout=5\n",
    ),
    "no line end at the end": Case(
        f"{_HEAD}virtual=192.0.2.1:80\n\treal=192.0.2.11:80 gate\n\tchecktype=connect",
        f"{_HEAD}virtual=192.0.2.1:80\n\treal=192.0.2.11:80 gate\n\t{_ID}, in place of:\n\t#|checktype=connect\n"
        f"\tchecktype=external\n\t{COMMAND}\n\tchecktimeout=5",
    ),
    "no line end behind what is added": Case(
        f"{_HEAD}virtual=192.0.2.1:80\n\treal=192.0.2.11:80 gate",
        f"{_HEAD}virtual=192.0.2.1:80\n\treal=192.0.2.11:80 gate\n"
        f"\t{_ID}, added\n\tchecktype=external\n\t{COMMAND}\n\tchecktimeout=32",
        {"timeout": 30.0},
    ),
    "all three are there, two of them together, with comments and blanks": Case(
        "virtual=192.0.2.1:80\n"
        "      checktimeout=4  # four \n"
        "\tchecktype=negotiate \n"
        "    real=192.0.2.11:80 gate\n"
        "    negotiatetimeout=6\n"
        "\t  checkcommand=/bin/false|\n"
        "# of the site\n"
        '    request="x" # what for\n',
        "virtual=192.0.2.1:80\n"
        f"      {_ID}, in place of:\n"
        "      #|checktimeout=4  # four |\n"
        "#|\tchecktype=negotiate |\n"
        "      checktype=external\n"
        "      checktimeout=8\n"
        "    real=192.0.2.11:80 gate\n"
        "    negotiatetimeout=6\n"
        f"\t  {_ID}, in place of:\n"
        "\t  #|checkcommand=/bin/false||\n"
        f"\t  {COMMAND}\n"
        "# of the site\n"
        '    request="x" # what for\n',
    ),
    "the last one of a name counts": Case(
        "virtual=192.0.2.1:80\n    checktype=on\n    real=192.0.2.11:80 gate\n"
        "    checktype=connect\n    scheduler=rr\n",
        "virtual=192.0.2.1:80\n    checktype=on\n    real=192.0.2.11:80 gate\n"
        f"    {_ID}, in place of:\n    #|checktype=connect\n    checktype=external\n    scheduler=rr\n"
        f"    {_ID}, added\n    {COMMAND}\n    checktimeout=7\n",
    ),
    "comments behind the block, and another block": Case(
        "virtual=192.0.2.1:80\n\treal=192.0.2.11:80 gate\n\tservice=http\n\tchecktype=connect\n\t# of this block\n"
        "# of none\n\nvirtual=192.0.2.9:80\n\treal=192.0.2.19:80 masq\n",
        "virtual=192.0.2.1:80\n\treal=192.0.2.11:80 gate\n\tservice=http\n"
        f"\t{_ID}, in place of:\n\t#|checktype=connect\n\tchecktype=external\n\t{COMMAND}\n\tchecktimeout=7\n"
        "\t# of this block\n# of none\n\nvirtual=192.0.2.9:80\n\treal=192.0.2.19:80 masq\n",
    ),
    "line ends of another system": Case(
        "virtual=192.0.2.1:80\r\n\treal=192.0.2.11:80 gate\r\n\tchecktype=connect\r\n\tservice=http\r\n",
        "virtual=192.0.2.1:80\r\n\treal=192.0.2.11:80 gate\r\n"
        f"\t{_ID}, in place of:\r\n\t#|checktype=connect\r\n\tchecktype=external\r\n\tservice=http\r\n"
        f"\t{_ID}, added\r\n\t{COMMAND}\r\n\tchecktimeout=7\r\n",
    ),
    "a global line ends the block": Case(
        "virtual=192.0.2.1:80\n\treal=192.0.2.11:80 gate\n\tchecktimeout=9\nquiescent=no\n",
        "virtual=192.0.2.1:80\n\treal=192.0.2.11:80 gate\n"
        f"\t{_ID}, in place of:\n\t#|checktimeout=9\n\tchecktype=external\n\t{COMMAND}\n\tchecktimeout=11\n"
        "quiescent=no\n",
    ),
    "all that is not converted comes back": Case(
        "# a\xe9 \t\n\n\nquiescent = yes\nvirtual=192.0.2.9:80\n\treal=192.0.2.19:80 masq 1\n\n"
        "virtual=192.0.2.8:80\n\tchecktype=on\n\treal=192.0.2.11:80 gate\n",
        "# a\xe9 \t\n\n\nquiescent = yes\nvirtual=192.0.2.9:80\n\treal=192.0.2.19:80 masq 1\n\n"
        "virtual=192.0.2.8:80\n\tchecktype=on\n\treal=192.0.2.11:80 gate\n",
    ),
}

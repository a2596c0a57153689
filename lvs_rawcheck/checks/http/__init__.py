# SPDX-License-Identifier: GPL-2.0-or-later
"""What an HTTP answer must be like, as keepalived and ldirectord check it.

Reading list: RFC 9110 and 9112; keepalived's check_http.c, check_ssl.c and html.c (2.2.7); ldirectord's check_http
with libwww-perl. Request lines are our own octets; responses are read by h11, in two steps: `head.py` finds the end
of the header and puts right what a browser would pass over, h11 judges what is left and cuts the body out.

The verdict is given as soon as it is certain: a wrong status or header at the end of the header, all else at the end
of the body. A server that sends a header and then hangs is sick, so the end of the body is awaited even where nothing
of it is tested, as keepalived does.

What keepalived makes of the same answer, where it is something else:

    answer                                keepalived's HTTP_GET            here, and why
    ------------------------------------  -------------------------------  -------------------------------------------
    body shorter than its Content-Length  passes, with a line in the log   `closed`: users see a page that is cut off
    connection kept open after the body   read timeout, fails              passes: the message is complete
    chunked body                          digest and regex see the chunk   digest and regex see the content: an MD5
                                          sizes too                        taken by genhash of such a page differs
    an RST instead of the end             fails                            passes if Content-Length octets were there
    header ends in LF LF                  fails                            passes, as RFC 9112 2.2 allows
    header over 4095 octets               fails                            passes up to HEAD_LIMIT
    `HTTP/1.1 200` with nothing behind    fails                            passes: the reason phrase is optional
    `ICY 200 OK`, `X 200 OK`              passes: any first word will do   `protocol`: clients would not read it
    100 Continue, 103 Early Hints first   judges that one's status         judges the final one (RFC 9110 15.2); 101
                                                                           is final
    Content-Length that is no number,     passes                           `protocol`: clients disagree about where
    or two that differ; a coding other                                     such a message ends
    than chunked
    regex                                 searches the header too where    searches the body, or header and body with
                                          it came together with body;      regex_subject; all of it at once (see
                                          read by read                     `checks.patterns`)
    regex on an empty body                never matches                    an empty match is a match
    regex_no_match, body over body_limit  searches all of it               `regex`: what was not seen cannot be said to
                                                                           have no match
    regex that looks ahead (`$`, `(?!`),  searches all of it               `regex` where it goes by what is beyond the
    body over body_limit                                                   limit, or may; raise it
    redirect                              judged by its status             the same; ldirectord's libwww follows it
    each read may take connect_timeout    yes                              one deadline for all of it

ldirectord differs in what it asks: HTTP/1.1, and `Host:` without a port: say `http_version` and `host`.
"""

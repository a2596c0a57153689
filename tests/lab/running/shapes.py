# SPDX-License-Identifier: GPL-2.0-or-later
"""A configuration with every shape of virtual server and of checker that a dump can show."""

DIRECTOR, REAL, OTHER = "10.0.0.21", "10.0.0.42", "10.0.0.43"
VIP = "10.0.0.100"
SCRIPT = "/run/check"
MISSING = "/run/no-such-check"

CONFIG = f"""
virtual_server_group SHAPES {{
    10.0.0.110-112 80
    10.0.0.120 8080
    fwmark 7
}}
virtual_server_group SHAPES_6 {{
    2001:db8::10-12 80
}}
virtual_server_group HELD {{
    10.0.0.130 80
}}
virtual_server {VIP} 80 {{
    delay_loop 2
    lb_algo rr
    lb_kind DR
    protocol TCP
    sorry_server 10.0.0.50 80
    real_server {REAL} 80 {{
        MISC_CHECK {{
            misc_path "{SCRIPT} 0 'two words' ''"
            misc_timeout 3
            user nobody
            retry 2
            warmup 0
        }}
        TCP_CHECK {{
            connect_timeout 1
            warmup 0
        }}
    }}
    real_server {OTHER} 8080 {{
        weight 3
        inhibit_on_failure
        MISC_CHECK {{
            misc_path "{SCRIPT} 1"
            user root
            warmup 0
        }}
    }}
    real_server 10.0.0.44 80 {{
        MISC_CHECK {{
            misc_path "{MISSING} 0"
            user root
        }}
    }}
}}
virtual_server {VIP} 53 {{
    delay_loop 60
    lb_algo wrr
    lb_kind NAT
    protocol UDP
    real_server {REAL} 5353 {{
        DNS_CHECK {{
        }}
        UDP_CHECK {{
        }}
        PING_CHECK {{
        }}
    }}
}}
virtual_server 2001:db8::1 443 {{
    lb_algo rr
    lb_kind DR
    protocol TCP
    real_server 2001:db8::2a 443 {{
        SSL_GET {{
            url {{
                path "/a = b"
                status_code 200
            }}
        }}
        SMTP_CHECK {{
        }}
    }}
}}
virtual_server fwmark 5 {{
    lb_algo rr
    lb_kind TUN
    real_server {REAL} 80 {{
        MISC_CHECK {{
            misc_path "{SCRIPT} 0"
            user root
            warmup 0
        }}
    }}
}}
virtual_server group SHAPES {{
    lb_algo rr
    lb_kind DR
    protocol TCP
    real_server {REAL} 80 {{
        MISC_CHECK {{
            misc_path "{SCRIPT} 0"
            user root
            warmup 0
        }}
    }}
}}
virtual_server group SHAPES_6 {{
    lb_algo rr
    lb_kind DR
    protocol TCP
    real_server 2001:db8::2a 80 {{
        weight 0
        MISC_CHECK {{
            misc_path "{SCRIPT} 0"
            user root
        }}
    }}
}}
virtual_server group HELD {{
    ha_suspend
    lb_algo rr
    lb_kind DR
    protocol TCP
    real_server {REAL} 80 {{
        MISC_CHECK {{
            misc_path "{SCRIPT} 0"
            user root
            warmup 0
        }}
    }}
}}
track_file switch {{
    file /run/switch
    weight 0
}}
virtual_server {VIP} 81 {{
    lb_algo rr
    lb_kind DR
    protocol TCP
    real_server {REAL} 81 {{
        FILE_CHECK {{
            track_file switch
        }}
    }}
}}
"""

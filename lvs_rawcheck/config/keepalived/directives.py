# SPDX-License-Identifier: GPL-2.0-or-later
"""keepalived's own vocabulary: which words it knows in which block, and which of its processes looks at them.

From the install_keyword calls of 2.2.7 (check/check_parser.c and check_*.c, vrrp/vrrp_parser.c, core/global_parser.c,
bfd/bfd_parser.c, trackers/track_file.c) and of 2.0.20 to 2.4.3 for the versions. A word that is missing here is unknown
to keepalived as well: it ignores the word, not the block behind it.
"""

from __future__ import annotations

from lvs_rawcheck.config.keepalived.lines import Version


class Directive:
    """A word with its block. words: what is known inside; values: the block holds lines of values, not words."""

    __slots__ = ("values", "words")

    def __init__(self, words: dict[str, Directive | None] | None = None) -> None:
        self.values = words is None
        self.words = words or {}


Table = dict[str, Directive | None]

# Words that came later than 2.0, and with which version; of the rest each version knows all.
_SINCE: dict[str, Version] = {
    "FILE_CHECK": (2, 1, 0),
    "PING_CHECK": (2, 1, 0),
    "UDP_CHECK": (2, 1, 0),
    "track_file": (2, 1, 0),
    "notify_deleted": (2, 1, 0),
    "unicast_ttl": (2, 1, 0),
    "check_unicast_src": (2, 1, 0),
    "startup_script": (2, 1, 0),
    "startup_script_timeout": (2, 1, 0),
    "shutdown_script": (2, 1, 0),
    "shutdown_script_timeout": (2, 1, 0),
    "max_auto_priority": (2, 1, 0),
    "min_auto_priority_delay": (2, 1, 0),
    "net_namespace_ipvs": (2, 1, 0),
    "payload": (2, 2, 0),
    "min_reply_length": (2, 2, 0),
    "max_reply_length": (2, 2, 0),
    "include_check": (2, 2, 0),
    "reload_check_config": (2, 2, 0),
    "reload_file": (2, 2, 0),
    "use_vmac_addr": (2, 2, 0),
    "snmp_name": (2, 2, 4),
    "config_save_dir": (2, 2, 4),
    "down_timer_adverts": (2, 2, 4),
    "interface_up_down_delays": (2, 2, 4),
    "fifo_write_vrrp_states_on_reload": (2, 2, 5),
    "mcast_dst_ip": (2, 2, 5),
    "unicast_fault_no_peer": (2, 2, 5),
    "vrf": (2, 2, 5),
    "tls_compliant": (2, 2, 8),
    "multihop": (2, 2, 8),
    "json_version": (2, 2, 8),
    "v3_checksum_as_v2": (2, 2, 8),
    "no_virtual_ipaddress": (2, 2, 8),
    "timer_expired_backup": (2, 2, 8),
    "use_symlink_paths": (2, 3, 0),
    "dbus_no_interface_name": (2, 3, 1),
    "snmp_rs_stats_update_interval": (2, 3, 1),
    "snmp_vs_stats_update_interval": (2, 3, 1),
    "iproute_etc_dir": (2, 3, 2),
    "iproute_usr_dir": (2, 3, 2),
    "json_dump_file": (2, 3, 2),
    "state_dump_file": (2, 3, 2),
    "stats_dump_file": (2, 3, 2),
    "vrrp_owner_ignore_adverts": (2, 3, 2),
    "owner_ignore_adverts": (2, 3, 2),
    "thread_timer_expired": (2, 3, 2),
    "vrrp_delay_after_boot": (2, 4, 0),
    "auth_hmac": (2, 4, 0),
    "sni_name": (2, 4, 4),
}

_TIMES = "retry delay_before_retry warmup delay_loop alpha log_all_failures"
_CONNECTION = f"connect_ip connect_port bindto bind_port bind_if connect_timeout fwmark {_TIMES}"
_URL = (
    "path digest status_code virtualhost regex regex_no_match regex_options regex_min_offset regex_max_offset"
    " regex_stack tls_compliant"
)
_HTTP = f"{_CONNECTION} nb_get_retry virtualhost http_protocol enable_sni sni_name fast_recovery tls_compliant"


def _table(words: str, **blocks: Directive) -> Table:
    table: Table = dict.fromkeys(words.split())
    table.update(blocks)
    return table


_CHECKERS: Table = {
    "TCP_CHECK": Directive(_table(_CONNECTION)),
    "HTTP_GET": Directive(_table(_HTTP, url=Directive(_table(_URL)))),
    "SSL_GET": Directive(_table(_HTTP, url=Directive(_table(_URL)))),
    "SMTP_CHECK": Directive(_table(f"helo_name {_CONNECTION}", host=Directive(_table(_CONNECTION)))),
    "DNS_CHECK": Directive(_table(f"{_CONNECTION} type name")),
    "UDP_CHECK": Directive(_table(f"{_CONNECTION} payload require_reply min_reply_length max_reply_length")),
    "PING_CHECK": Directive(_table(_CONNECTION)),
    "MISC_CHECK": Directive(_table(f"{_TIMES} misc_path misc_timeout misc_dynamic user")),
    "FILE_CHECK": Directive(_table("track_file weight")),
    "BFD_CHECK": Directive(_table("name alpha")),
}
CHECKER_NAMES = frozenset(_CHECKERS)

_REAL_SERVER: Table = {
    **_table(
        "weight lvs_method uthreshold lthreshold inhibit_on_failure notify_up notify_down alpha retry"
        " delay_before_retry warmup connect_timeout delay_loop smtp_alert virtualhost snmp_name"
    ),
    **_CHECKERS,
}
_VIRTUAL_SERVER = _table(
    "ip_family retry delay_before_retry warmup connect_timeout delay_loop inhibit_on_failure lb_algo lvs_sched hashed"
    " ops flag-1 flag-2 flag-3 sh-port sh-fallback mh-port mh-fallback lb_kind lvs_method persistence_engine"
    " persistence_timeout persistence_granularity protocol ha_suspend smtp_alert virtualhost snmp_name alpha omega"
    " quorum_up quorum_down quorum hysteresis weight sorry_server sorry_server_inhibit sorry_server_lvs_method",
    real_server=Directive(_REAL_SERVER),
)
_VALUES = Directive()
CHECK_ROOT: Table = {
    "SSL": Directive(_table("password ca certificate key")),
    "virtual_server_group": _VALUES,
    "virtual_server": Directive(_VIRTUAL_SERVER),
}

_TRACKING = dict.fromkeys(("track_interface", "track_script", "track_file", "track_process", "track_bfd"), _VALUES)
_SYNC_GROUP: Table = {
    **_table(
        "notify_backup notify_master notify_fault notify_stop notify smtp_alert global_tracking"
        " sync_group_tracking_weight notify_priority_changes",
        group=_VALUES,
    ),
    **_TRACKING,
}
_INSTANCE: Table = {
    **_table(
        "use_vmac use_vmac_addr vmac_xmit_base use_ipvlan unicast_fault_no_peer check_unicast_src"
        " old_unicast_checksum native_ipv6 state interface vrf dont_track_primary mcast_src_ip unicast_src_ip"
        " mcast_dst_ip track_src_ip virtual_router_id unicast_ttl version priority advert_int promote_secondaries"
        " linkbeat_use_polling accept no_accept skip_check_adv_addr strict_mode preempt nopreempt preempt_delay debug"
        " notify_backup notify_master notify_fault notify_stop notify_deleted notify notify_master_rx_lower_pri"
        " smtp_alert notify_priority_changes lvs_sync_daemon_interface garp_master_delay garp_master_refresh"
        " garp_master_repeat garp_master_refresh_repeat garp_lower_prio_delay garp_lower_prio_repeat"
        " down_timer_adverts garp_extra_if vmac_garp_intvl lower_prio_no_advert higher_prio_send_advert"
        " kernel_rx_buf_size v3_checksum_as_v2 no_virtual_ipaddress timer_expired_backup owner_ignore_adverts"
        " thread_timer_expired",
        unicast_peer=_VALUES,
        virtual_ipaddress=_VALUES,
        virtual_ipaddress_excluded=_VALUES,
        virtual_routes=_VALUES,
        virtual_rules=_VALUES,
        authentication=Directive(_table("auth_type auth_pass")),
        auth_hmac=Directive(_table("key mode time_window active_key anti_replay")),
    ),
    **_TRACKING,
}
VRRP_ROOT: Table = {
    "track_group": Directive(_table("", group=_VALUES)),
    "static_ipaddress": _VALUES,
    "static_routes": _VALUES,
    "static_rules": _VALUES,
    "vrrp_sync_group": Directive(_SYNC_GROUP),
    "garp_group": Directive(_table("garp_interval gna_interval interface", interfaces=_VALUES)),
    "linkbeat_interfaces": _VALUES,
    "vrrp_instance": Directive(_INSTANCE),
    "vrrp_script": Directive(_table("script interval timeout weight rise fall user init_fail")),
    "vrrp_track_process": Directive(
        _table("process param_match weight quorum quorum_max delay terminate_delay fork_delay full_command")
    ),
    "interface_up_down_delays": _VALUES,
}
_TRACK_FILE = Directive(_table("file weight init_file"))
SHARED_ROOT: Table = {
    "track_file": _TRACK_FILE,
    "vrrp_track_file": _TRACK_FILE,
    "bfd_instance": Directive(
        _table(
            "source_ip neighbor_ip neighbour_ip min_rx min_tx idle_tx multiplier passive ttl hoplimit max_hops weight"
            " vrrp checker multihop"
        )
    ),
}
GLOBAL_ROOT: Table = _table(
    "linkbeat_use_polling net_namespace net_namespace_ipvs namespace_with_ipsets use_pid_dir instance child_wait_time",
    global_defs=Directive(
        _table(
            "process_names process_name vrrp_process_name checker_process_name lvs_process_name bfd_process_name"
            " router_id notification_email_from smtp_server smtp_helo_name smtp_connect_timeout smtp_alert"
            " startup_script startup_script_timeout shutdown_script shutdown_script_timeout max_auto_priority"
            " min_auto_priority_delay smtp_alert_vrrp smtp_alert_checker checker_log_all_failures dynamic_interfaces"
            " no_email_faults default_interface disable_local_igmp lvs_timeouts lvs_flush lvs_flush_on_stop"
            " lvs_flush_onstop lvs_sync_daemon vrrp_mcast_group4 vrrp_mcast_group6 vrrp_garp_master_delay"
            " vrrp_garp_master_repeat vrrp_garp_master_refresh vrrp_garp_master_refresh_repeat"
            " vrrp_garp_lower_prio_delay vrrp_garp_lower_prio_repeat vrrp_down_timer_adverts vrrp_garp_interval"
            " vrrp_gna_interval vrrp_min_garp vrrp_garp_extra_if vrrp_vmac_garp_intvl vrrp_lower_prio_no_advert"
            " vrrp_higher_prio_send_advert vrrp_version vrrp_iptables vrrp_ipsets nftables nftables_priority"
            " nftables_ifindex nftables_ipvs nftables_ipvs_priority nftables_ipvs_start_fwmark nftables_counters"
            " vrrp_check_unicast_src vrrp_skip_check_adv_addr vrrp_strict vrrp_priority vrrp_no_swap vrrp_rt_priority"
            " vrrp_cpu_affinity vrrp_rlimit_rttime vrrp_rlimit_rtime notify_fifo notify_fifo_script vrrp_notify_fifo"
            " vrrp_notify_fifo_script vrrp_notify_priority_changes fifo_write_vrrp_states_on_reload lvs_notify_fifo"
            " lvs_notify_fifo_script checker_priority checker_no_swap checker_rt_priority checker_cpu_affinity"
            " checker_rlimit_rttime checker_rlimit_rtime bfd_priority bfd_no_swap bfd_rt_priority bfd_cpu_affinity"
            " bfd_rlimit_rttime bfd_rlimit_rtime snmp_socket enable_traps enable_snmp_vrrp enable_snmp_keepalived"
            " enable_snmp_rfc enable_snmp_rfcv2 enable_snmp_rfcv3 enable_snmp_checker enable_dbus dbus_service_name"
            " script_user enable_script_security vrrp_netlink_cmd_rcv_bufs vrrp_netlink_cmd_rcv_bufs_force"
            " vrrp_netlink_monitor_rcv_bufs vrrp_netlink_monitor_rcv_bufs_force process_monitor_rcv_bufs"
            " process_monitor_rcv_bufs_force lvs_netlink_cmd_rcv_bufs lvs_netlink_cmd_rcv_bufs_force"
            " lvs_netlink_monitor_rcv_bufs lvs_netlink_monitor_rcv_bufs_force rs_init_notifies no_checker_emails"
            " vrrp_rx_bufs_policy vrrp_rx_bufs_multiplier vrrp_startup_delay log_unknown_vrids vmac_prefix"
            " vmac_addr_prefix umask random_seed reload_check_config reload_time_file reload_repeat reload_file"
            " include_check config_save_dir tmp_config_directory data_use_instance json_version v3_checksum_as_v2"
            " use_symlink_paths dbus_no_interface_name snmp_rs_stats_update_interval snmp_vs_stats_update_interval"
            " iproute_etc_dir iproute_usr_dir json_dump_file state_dump_file stats_dump_file"
            " vrrp_owner_ignore_adverts vrrp_delay_after_boot",
            notification_email=_VALUES,
        )
    ),
)


def known_to(version: Version, table: Table) -> Table:
    """Return the words of a table that a version of keepalived knows, of the blocks inside as well."""
    known: Table = {}
    for word, directive in table.items():
        if _SINCE.get(word, version) > version:
            continue
        known[word] = (
            directive if directive is None or directive.values else Directive(known_to(version, directive.words))
        )
    return known

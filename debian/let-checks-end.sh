# A check that began with the modules of one folder may load more of them as it goes on. So nothing is taken from under
# those that run now: wait until they have ended, at most 5 s. Not for the daemon, which does not end, and loads no more.
let_checks_end() {
    running=$(grep -lszxE '/usr/bin/(lvs-rawcheck|check_(tcp|http_get|http)_raw)' /proc/[0-9]*/cmdline) || return 0
    # shellcheck disable=SC2086 # paths of /proc
    running=$(grep -Lszx daemon $running) || return 0
    tries=50
    for process in $running; do
        while [ -e "$process" ] && [ "$tries" -gt 0 ]; do
            sleep 0.1
            tries=$((tries - 1))
        done
    done
}

"""Which role has which habits."""

from appliance.demo.services import MIRROR
from appliance.simulate import appliances, benign, quirks, servers
from appliance.simulate.benign import Habit, poll
from appliance.simulate.office import Member, Role

_DESKTOP: tuple[Habit, ...] = (
    benign.browse, benign.read_mail, benign.hold_push, benign.keep_time, benign.meet,
    benign.print_pages,
    poll(servers.TELEMETRY, 900, 3_200, 600, 0.1),
    poll(servers.UPDATES, 3_600, 700, 9_000, 0.05),
    poll(servers.OCSP, 5_400, 320, 900, 0.4),
    poll(servers.CHAT, 240, 900, 700, 0.15),
)  # fmt: skip
HABITS: dict[Role, tuple[Habit, ...]] = {
    Role.DESKTOP: _DESKTOP,
    Role.PHONE: (
        benign.browse, benign.hold_push, benign.keep_time,
        poll(servers.WEATHER, 1_800, 420, 2_600, 0.03),
    ),
    Role.SERVER: (
        benign.keep_time, benign.back_up, benign.watch_over,
        poll(MIRROR, 14_400, 500, 60_000, 0.1),
        poll(servers.FEEDS, 600, 380, 5_000, 0.005),
    ),
    Role.CAMERA: (benign.record, benign.keep_time),
    Role.BULB: (benign.talk_mqtt, benign.keep_time),
    Role.SPEAKER: (
        benign.hold_push, benign.keep_time, poll(servers.VOICE, 300, 1_400, 700, 0.02)
    ),
    Role.PRINTER: (benign.keep_time, poll(servers.TELEMETRY, 7_200, 900, 1_400, 0.02)),
    Role.TELEVISION: (
        benign.keep_time, poll(servers.TELEVISION, 120, 1_100, 300, 0.03), quirks.report_viewing
    ),
    Role.HUB: (benign.keep_time, appliances.poll_devices),
    Role.STORAGE: (benign.keep_time, appliances.replicate),
    Role.CONSOLE: (benign.keep_time, appliances.play_games),
    Role.MAILER: (benign.keep_time, appliances.deliver_mail, appliances.take_mail),
    Role.MONITOR: (benign.keep_time, appliances.check_all),
}  # fmt: skip
# What only some of a role do, in turn.
_EXTRAS: dict[Role, tuple[tuple[Habit, ...], ...]] = {
    Role.DESKTOP: (
        (quirks.look_up_hashes, quirks.keep_vpn),
        (quirks.find_printers, quirks.try_old_server),
        (quirks.share_files,),
        (quirks.ask_over_https, quirks.ask_in_vain),
    ),
    Role.PHONE: ((), (quirks.ask_over_tls,)),
    Role.CAMERA: ((), (quirks.upload_clips,)),
}


def assign_habits(cast: tuple[Member, ...]) -> list[tuple[Habit, ...]]:
    """Return the habits of each member."""
    found = []
    met = dict.fromkeys(Role, 0)
    for member in cast:
        extras = _EXTRAS.get(member.role, ((),))
        found.append(HABITS[member.role] + extras[met[member.role] % len(extras)])
        met[member.role] += 1
    return found

"""Names of services that devices poll by nature: updates, telemetry, push, time, certificates.

A name says more about a peer than its address does, whose owner may rent it out.
"""

# A name is known if it is one of these or lies below one. Only domains below which none but their
# operator makes names: not amazonaws.com, azurewebsites.net, storage or dynamic DNS. Messengers
# that carry anybody's bots (Telegram, Discord) are left out: they are control channels too.
_DOMAINS = """
apple.com icloud.com mzstatic.com cdn-apple.com aaplimg.com apple-dns.net
microsoft.com windowsupdate.com windows.com msftconnecttest.com msftncsi.com live.com office.com
office365.com office.net skype.com msn.com bing.com microsoftonline.com visualstudio.com
xboxlive.com msedge.net
google.com gstatic.com gvt1.com gvt2.com gvt3.com android.com youtube.com ytimg.com
googlevideo.com google-analytics.com doubleclick.net crashlytics.com app-measurement.com
amazon.com amazonalexa.com amazon-dss.com amazonvideo.com media-amazon.com a2z.com amazoncrl.com
amazontrust.com fireoscaptiveportal.com ring.com blinkforhome.com immedia-semi.com
facebook.com fbcdn.net instagram.com whatsapp.net whatsapp.com
mozilla.org mozilla.com mozilla.net firefox.com
ubuntu.com canonical.com snapcraft.io debian.org fedoraproject.org centos.org redhat.com
archlinux.org opensuse.org raspberrypi.org raspberrypi.com kernel.org freebsd.org
ntp.org time.nist.gov ptbtime1.ptb.de ptbtime2.ptb.de ptbtime3.ptb.de
lencr.org letsencrypt.org sectigo.com usertrust.com comodoca.com entrust.net globalsign.com
globalsign.net verisign.com symcb.com symcd.com geotrust.com thawte.com digicert.com
identrust.com trust-provider.com pki.goog
spotify.com scdn.co netflix.com nflxvideo.net nflxso.net hulu.com disneyplus.com
steampowered.com steamcontent.com steamserver.net steamstatic.com epicgames.com ea.com
playstation.com playstation.net nintendo.net nintendo.com battle.net blizzard.com
dropbox.com dropbox-dns.com slack.com slack-msgs.com slackb.com zoom.us webex.com
teamviewer.com linkedin.com licdn.com twitter.com twimg.com x.com signal.org whispersystems.org
philips-hue.com meethue.com tplinkcloud.com tplinknbu.com tuyaeu.com tuyaus.com
tuyacn.com sonos.com nest.com ecobee.com wemo.com lifx.co io.mi.com xiaomi.com
xiaomi.net somfy.com
samsung.com samsungelectronics.com samsungcloud.com samsungcloudsolution.com
samsungcloudsolution.net lgtvsdp.com lgappstv.com lgsmartad.com roku.com
withings.com withings.net netatmo.net ui.com ubnt.com
synology.com qnap.com hp.com hpconnected.com epson.com brother.com canon.com lexmark.com dell.com
lenovo.com intel.com nvidia.com amd.com logitech.com garmin.com bosch-iot-suite.com shelly.cloud
nabucasa.com home-assistant.io legrand.com
kaspersky.com kaspersky-labs.com avast.com avcdn.net avg.com eset.com mcafee.com norton.com
symantec.com symantecliveupdate.com bitdefender.com bitdefender.net sophos.com sophosxl.net
sophosupd.com trendmicro.com malwarebytes.com f-secure.com clamav.net crowdstrike.com
adobe.com adobe.io oracle.com java.com vmware.com citrix.com cisco.com meraki.com opendns.com
umbrella.com quad9.net nextdns.io adguard.com brave.com opera.com vivaldi.com
datadoghq.com newrelic.com nr-data.net bugsnag.com scorecardresearch.com demdex.net omtrdc.net
pusher.com onesignal.com
"""
KNOWN = frozenset(_DOMAINS.split())

# First labels that say what a name is for, whoever runs it.
_PURPOSES = frozenset(
    {"captive", "connectivitycheck", "crl", "detectportal", "ntp", "ntp1", "ntp2", "ocsp"}
)


def is_known_service(name: str) -> bool:
    """Tell whether a name is that of a service which devices poll by nature.

    name : lower or upper case, with or without a last dot; "" and addresses are not known
    """
    labels = name.lower().rstrip(".").split(".")
    if len(labels) < 2:
        return False
    if labels[0] in _PURPOSES and not labels[-1].isdigit():
        return True
    return any(".".join(labels[i:]) in KNOWN for i in range(max(0, len(labels) - 4), len(labels)))

//! Who may speak SIP with this PBX: the trunks, and the hub's seats.

use super::plan::{AssertedIdentity, Codec, Plan, Trunk};
use super::{HEADING, SEAT_CONTEXT, TRUNK_CONTEXT};
use siaga_model::Seat;
use std::fmt::Write as _;

/// A seat's secret is pushed by the hub for one session and lives in memory only. A seat whose secret
/// was not pushed cannot register.
pub(super) const SORCERY: &str = "\
; Written by `siaga-hub asterisk-config` from a plan. Change the plan, not this file.
[res_pjsip]
auth=config,pjsip.conf,criteria=type=auth
auth=memory
";

/// What a desk may speak, best first: a call on a trunk that speaks one of these reaches the desk as
/// it is.
const SEAT_CODECS: [Codec; 4] = [Codec::Opus, Codec::G722, Codec::Alaw, Codec::Ulaw];

/// `pjsip.conf`.
pub(super) fn pjsip(plan: &Plan, seats: &[Seat]) -> String {
    let mut text = String::from(HEADING);
    let address = plan.pbx.address;
    let domain = plan.pbx.domain.as_str();
    // There is no anonymous endpoint: who is neither a seat nor a trunk is refused.
    let _ = write!(
        text,
        "[global]\ntype=global\nuser_agent=siaga-pbx\nendpoint_identifier_order=username,ip\n\
         default_realm={domain}\n\n\
         [transport-udp]\ntype=transport\nprotocol=udp\nbind={}\n\n\
         [transport-ws]\ntype=transport\nprotocol=ws\nbind={address}\n",
        std::net::SocketAddr::new(address, plan.pbx.sip_port)
    );
    if plan.wss.is_some() {
        let _ = write!(text, "\n[transport-wss]\ntype=transport\nprotocol=wss\nbind={address}\n");
    }
    for trunk in &plan.trunks {
        text.push_str(&self::trunk(plan, trunk));
    }
    let _ = write!(
        text,
        "\n[seat](!)\ntype=endpoint\nwebrtc=yes\ncontext={SEAT_CONTEXT}\n\
         disallow=all\nallow={}\ndirect_media=no\nrtp_symmetric=yes\nrtp_timeout=3\n\
         rtp_timeout_hold=300\nallow_transfer=no\nsend_pai=no\nsend_connected_line=no\n\
         media_address={address}\n\
         bind_rtp_to_media_address=yes\nfrom_domain={domain}\n\n\
         [seat-aor](!)\ntype=aor\nmax_contacts=1\nremove_existing=yes\n",
        names(&SEAT_CODECS),
    );
    for seat in seats {
        let id = &seat.id;
        let _ = write!(text, "\n[{id}](seat)\nauth={id}\naors={id}\n[{id}](seat-aor)\n");
    }
    text
}

// `send_connected_line`: when two channels are joined, Asterisk would re-INVITE each with the name of the
// other; a citizen has no business with a desk's, and not every provider takes an INVITE in a call.
fn trunk(plan: &Plan, trunk: &Trunk) -> String {
    let (name, address) = (trunk.name.as_str(), plan.pbx.address);
    let provider = std::net::SocketAddr::new(trunk.host, trunk.port);
    let trusted = match trunk.asserted_identity {
        AssertedIdentity::Trusted => "yes",
        AssertedIdentity::Claimed => "no",
    };
    let qualify = match trunk.qualify_seconds {
        0 => String::new(),
        seconds => format!("qualify_frequency={seconds}\n"),
    };
    format!(
        "\n[{name}]\ntype=endpoint\ntransport=transport-udp\ncontext={TRUNK_CONTEXT}\n\
         disallow=all\nallow={codecs}\ndirect_media=no\nrtp_symmetric=yes\nforce_rport=yes\n\
         rewrite_contact=yes\nrtp_timeout=60\nrtp_timeout_hold=300\nallow_transfer=no\n\
         dtmf_mode=rfc4733\ntrust_id_inbound={trusted}\nset_var=SIAGA_ASSERTED={trusted}\n\
         send_pai={trusted}\nsend_connected_line=no\nmedia_address={address}\nbind_rtp_to_media_address=yes\n\
         from_domain={address}\naors={name}\n\
         [{name}]\ntype=aor\ncontact=sip:{provider}\n{qualify}\
         [{name}]\ntype=identify\nendpoint={name}\nmatch={host}\n",
        codecs = names(&trunk.codecs),
        host = trunk.host,
    )
}

fn names(codecs: &[Codec]) -> String {
    codecs.iter().map(|codec| codec.name()).collect::<Vec<_>>().join(",")
}

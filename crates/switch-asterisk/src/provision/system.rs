//! The rest of what Asterisk reads: no more modules than are needed, and nothing that is not ours.

use super::HEADING;
use super::plan::Plan;
use crate::names::{MUSIC, PLEASE_WAIT, RINGBACK};
use std::fmt::Write as _;

/// `asterisk.conf`.
pub(super) fn asterisk(plan: &Plan) -> String {
    let p = &plan.paths;
    format!(
        "{HEADING}[directories]\nastetcdir => {}\nastmoddir => {}\nastvarlibdir => {}\n\
         astdbdir => {}\nastkeydir => {}\nastdatadir => {}\nastagidir => {}/agi-bin\n\
         astspooldir => {}\nastrundir => {}\nastlogdir => {}\n\n\
         [options]\nnocolor = yes\ndefaultlanguage = id\nhideconnect = yes\n",
        p.etc, p.modules, p.db, p.db, p.db, p.data, p.data, p.spool, p.run, p.log
    )
}

/// What is loaded, in the order of its dependencies. What is not here cannot be attacked.
const MODULES: &[&str] = &[
    "res_pjproject",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_sorcery_astdb",
    "res_timing_timerfd",
    "res_crypto",
    "res_http_websocket",
    "res_websocket_client",
    "res_format_attr_opus",
    "res_srtp",
    "res_rtp_asterisk",
    "res_audiosocket",
    "res_pjsip",
    "res_pjsip_session",
    "res_pjsip_pubsub",
    "res_pjsip_sdp_rtp",
    "res_pjsip_authenticator_digest",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_registrar",
    "res_pjsip_transport_websocket",
    "res_pjsip_nat",
    "res_pjsip_caller_id",
    "res_pjsip_rfc3326",
    "res_pjsip_header_funcs",
    "res_pjsip_dtmf_info",
    "chan_pjsip",
    "chan_audiosocket",
    "chan_bridge_media",
    "bridge_simple",
    "bridge_softmix",
    "bridge_holding",
    "bridge_native_rtp",
    "bridge_builtin_features",
    "codec_ulaw",
    "codec_alaw",
    "codec_a_mu",
    "codec_g722",
    "codec_resample",
    "codec_opus_open_source",
    "format_wav",
    "format_pcm",
    "format_sln",
    "func_callerid",
    "func_channel",
    "func_hangupcause",
    "func_logic",
    "func_strings",
    "func_timeout",
    "func_volume",
    "pbx_config",
    "app_audiosocket",
    "app_dial",
    "app_exec",
    "app_mixmonitor",
    "app_playback",
    "app_queue",
    "app_read",
    "app_stack",
    "app_stasis",
    "app_verbose",
    "res_musiconhold",
    "res_stasis",
    "res_stasis_answer",
    "res_stasis_playback",
    "res_stasis_recording",
    "res_stasis_snoop",
    "res_stasis_device_state",
    "res_ari_model",
    "res_ari",
    "res_ari_applications",
    "res_ari_asterisk",
    "res_ari_bridges",
    "res_ari_channels",
    "res_ari_device_states",
    "res_ari_endpoints",
    "res_ari_events",
    "res_ari_playbacks",
    "res_ari_recordings",
];

/// `modules.conf`.
pub(super) fn modules() -> String {
    let mut text = format!("{HEADING}[modules]\nautoload=no\n");
    for module in MODULES {
        let _ = writeln!(text, "load => {module}.so");
    }
    text
}

/// `http.conf`: ARI and SIP over WebSocket.
pub(super) fn http(plan: &Plan) -> String {
    let mut text = format!(
        "{HEADING}[general]\nenabled=yes\nenable_static=no\nenable_status=no\nservername=\n\
         sessionlimit=400\nbindaddr={}\nbindport={}\n",
        plan.ari.listen.ip(),
        plan.ari.listen.port()
    );
    if let Some(wss) = &plan.wss {
        let _ = write!(
            text,
            "tlsenable=yes\ntlsbindaddr={}\ntlscertfile={}\ntlsprivatekey={}\n\
             tlsdisablev1=yes\ntlsdisablev11=yes\n",
            wss.listen, wss.certificate, wss.key
        );
    }
    text
}

/// `ari.conf`. The password is in a file that only Asterisk may read.
pub(super) fn ari(plan: &Plan) -> String {
    format!(
        "{HEADING}[general]\nenabled=yes\npretty=no\n\n[{}]\ntype=user\npassword_format=plain\n\
         #include \"{}\"\n",
        plan.ari.user.as_str(),
        plan.paths.etc.join(SECRET).display()
    )
}

/// The file inside `etc` with ARI's password in Asterisk's words.
pub(super) const SECRET: &str = "siaga-ari-password.conf";

/// `rtp.conf`.
pub(super) fn rtp(plan: &Plan) -> String {
    format!(
        "{HEADING}[general]\nrtpstart={}\nrtpend={}\nicesupport=yes\nstrictrtp=yes\n",
        plan.rtp.from, plan.rtp.to
    )
}

/// `musiconhold.conf`.
pub(super) fn music(plan: &Plan) -> String {
    let mut text = format!("{HEADING}[general]\n");
    for class in [MUSIC, RINGBACK, PLEASE_WAIT] {
        let folder = plan.paths.data.join("siaga").join(class);
        let _ = write!(text, "\n[{class}]\nmode=files\ndirectory={}\n", folder.display());
    }
    text
}

/// `logger.conf`. Neither `verbose` nor `notice`: they name who calls.
pub(super) const LOGGER: &str = "\
; Written by `siaga-hub asterisk-config` from a plan. Change the plan, not this file.
[general]
dateformat=%F %T.%3q
[logfiles]
console => warning,error
messages => warning,error
";

/// Files that Asterisk wants to see, each with what turns its subject off or keeps its default. No call
/// detail records: they would be a second, unsealed log of who called.
pub(super) const QUIET: &[(&str, &str)] = &[
    ("acl.conf", "; none\n"),
    ("ccss.conf", "[general]\n"),
    ("cdr.conf", "[general]\nenable=no\n"),
    ("cel.conf", "[general]\nenable=no\n"),
    ("features.conf", "[general]\n[featuremap]\n"),
    (
        "indications.conf",
        "[general]\ncountry=id\n[id]\ndescription=Indonesia\nringcadence=1000,4000\ndial=425\n\
         busy=425/500,0/500\nring=425/1000,0/4000\ncongestion=425/250,0/250\n",
    ),
    ("manager.conf", "[general]\nenabled=no\n"),
    ("pjproject.conf", "; none\n"),
    ("queuerules.conf", "[general]\n"),
    ("stasis.conf", "[taskpool]\n"),
    ("udptl.conf", "[general]\n"),
    ("websocket_client.conf", "; none\n"),
];

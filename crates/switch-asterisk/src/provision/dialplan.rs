//! What happens to a call before the hub has it, and when there is no hub.

use super::plan::Plan;
use super::{HEADING, QUEUE, SEAT_CONTEXT, TRUNK_CONTEXT, WITHOUT_HUB_CONTEXT, WITHOUT_HUB_HEADER};
use crate::names::{
    APP, CALLER_ARG, EAR_CONTEXT, EAR_HOST_VARIABLE, EAR_VARIABLE, PLEASE_WAIT, RAW,
    RECORD_CONTEXT, RECORDED_ARG, UA_VARIABLE, VERIFIED,
};
use siaga_model::Seat;
use std::fmt::Write as _;

/// How long a caller stays in the dialplan's queue before the hub is asked for again, seconds.
const QUEUE_SECONDS: u8 = 20;

/// Variable of a caller in the dialplan's queue: whether an operator has ended the call.
const DONE: &str = "SIAGA_DONE";

/// `extensions.conf`.
pub(super) fn extensions(plan: &Plan) -> String {
    let mut text = String::from(HEADING);
    text.push_str("[general]\nstatic=yes\nwriteprotect=yes\n");
    let _ = write!(text, "\n[{TRUNK_CONTEXT}]\n");
    let mut numbers: Vec<&str> = plan
        .trunks
        .iter()
        .flat_map(|trunk| &trunk.numbers)
        .map(super::plan::Number::as_str)
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    for number in numbers {
        let _ = writeln!(text, "exten => {number},1,Goto(s,1)");
    }
    // The header is read before anything else: it is gone once the channel is in the application.
    let _ = write!(
        text,
        "exten => s,1,Set(SIAGA_TRUST=claimed)\n \
         same => n,ExecIf($[\"${{SIAGA_ASSERTED}}\" = \"yes\" & \
         ${{LEN(${{PJSIP_HEADER(read,P-Asserted-Identity)}})}} > 0]?Set(SIAGA_TRUST={VERIFIED}))\n \
         same => n,Set({UA_VARIABLE}=${{PJSIP_HEADER(read,User-Agent)}})\n \
         same => n,Gosub(siaga-rekam,s,1)\n \
         same => n,Answer()\n"
    );
    if plan.before_human.recording_notice {
        text.push_str(" same => n,Playback(siaga/recording-notice)\n");
    }
    if let Some(menu) = &plan.before_human.menu {
        let _ = writeln!(
            text,
            " same => n,Read(SIAGA_MENU,{},1,,1,{})",
            menu.sound.as_str(),
            menu.seconds
        );
    }
    let _ = write!(
        text,
        " same => n,Stasis({APP},{CALLER_ARG},${{SIAGA_TRUST}})\n \
         same => n,Goto({WITHOUT_HUB_CONTEXT},s,1)\n\
         \n[siaga-rekam]\n\
         exten => s,1,Set(SIAGA_RAW={folder}/{RAW}/${{CHANNEL(uniqueid)}}_${{STRFTIME(,UTC,%s%3q)}})\n \
         same => n,MixMonitor(,r(${{SIAGA_RAW}}.rx.sln16)t(${{SIAGA_RAW}}.tx.sln16))\n \
         same => n,Return()\n\
         \n[{RECORD_CONTEXT}]\n\
         exten => s,1,Gosub(siaga-rekam,s,1)\n \
         same => n,Stasis({APP},{RECORDED_ARG})\n \
         same => n,Hangup()\n\
         \n[{EAR_CONTEXT}]\n\
         exten => s,1,AudioSocket(${{{EAR_VARIABLE}}},${{{EAR_HOST_VARIABLE}}})\n \
         same => n,Hangup()\n",
        folder = plan.pbx.recordings,
    );
    // A caller who is sent here is alone: nobody has answered. Registered desks ring all at once; each
    // round the hub is asked for again, and has the caller back when it is there. An operator who hangs
    // up ends the call (cause 16, or 26, which the option C gives to whatever ends by itself); whose desk was
    // lost is at the front of the queue.
    let _ = write!(
        text,
        "\n[{WITHOUT_HUB_CONTEXT}]\n\
         exten => s,1,Set({DONE}=no)\n \
         same => n,Queue({QUEUE},cCb(siaga-kepala^s^1(${{CHANNEL(uniqueid)}})),,,{QUEUE_SECONDS})\n \
         same => n,GotoIf($[\"${{QUEUESTATUS}}\" != \"CONTINUE\"]?again)\n \
         same => n,Wait(0.3)\n \
         same => n,GotoIf($[\"${{{DONE}}}\" = \"yes\"]?over)\n \
         same => n,Set(QUEUE_PRIO=10)\n \
         same => n(again),Stasis({APP},{CALLER_ARG},${{SIAGA_TRUST}})\n \
         same => n,Goto(s,1)\n \
         same => n(over),Hangup()\n\
         \n[siaga-kepala]\n\
         exten => s,1,Set(PJSIP_HEADER(add,{WITHOUT_HUB_HEADER})=${{ARG1}})\n \
         same => n,Set(CHANNEL(hangup_handler_push)=siaga-selesai,s,1)\n \
         same => n,Return()\n\
         \n; A desk's channel is gone.\n[siaga-selesai]\n\
         exten => s,1,GotoIf($[\"${{CHANNEL(state)}}\" != \"Up\"]?out)\n \
         same => n,GotoIf($[${{HANGUPCAUSE}} != 16 & ${{HANGUPCAUSE}} != 26]?out)\n \
         same => n,Set(MASTER_CHANNEL({DONE})=yes)\n \
         same => n(out),Return()\n\
         \n; The hub makes every call: what a desk dials by itself is refused.\n\
         [{SEAT_CONTEXT}]\nexten => _X.,1,Hangup(21)\n"
    );
    text
}

/// `queues.conf`: the seats that ring without a hub.
pub(super) fn queues(plan: &Plan, seats: &[Seat]) -> String {
    let mut text = String::from(HEADING);
    let _ = write!(
        text,
        "[general]\npersistentmembers=no\n\n[{QUEUE}]\nstrategy=ringall\ntimeout=15\nretry=1\n\
         ringinuse=no\njoinempty=yes\nleavewhenempty=no\nmusicclass={PLEASE_WAIT}\n\
         announce-frequency=0\n",
    );
    for seat in seats.iter().filter(|seat| plan.seats.without_hub.contains(&seat.unit)) {
        let _ = writeln!(text, "member => PJSIP/{}", seat.id);
    }
    text
}

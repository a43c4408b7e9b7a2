import type { Texts } from "../index";
import type { trouble as id } from "../id/trouble";

export const trouble: Texts<typeof id> = {
  "error.wrong-password": "Wrong name or password. Check, then try again.",
  "error.slow-down": "Too many tries. Wait a moment, then try again.",
  "error.seat-taken": "Somebody else uses this desk. Take another one or ask them to sign out.",
  "error.no-such-seat": "The hub knows no such desk. Check how it is written.",
  "error.not-allowed": "You are not registered for this desk. Ask the supervisor.",
  "error.not-logged-in": "The session is over. Sign in again; call and form are safe.",
  "error.malformed": "The hub does not understand this desk. Tell IT; the form is safe.",
  "error.too-large": "Too long to be sent. Shorten the account; the form is safe.",
  "error.no-such-call": "That call is over. The form is stored.",
  "error.not-yours": "Another desk has this call.",
  "error.not-now": "Not possible in this state. Nothing was changed.",
  "error.check-silence-first": "Check the silent line first with F4, then K. Nothing was closed.",
  "error.no-such-unit": "That unit is not known. Choose another destination.",
  "error.not-found": "That was not found.",
  "error.out-of-range": "Something is out of range. Correct it and try again.",
  "error.not-stored": "Not stored at the hub yet. Sent again by itself; the form is safe here.",
  "error.internal": "The hub has a fault. Calls go on; tell IT.",
  "error.unreachable": "The hub cannot be reached. Retries by itself; the form is safe here.",
  "error.bad-address": "The hub's address cannot be read. Example: https://siaga.polda.id",
  "error.phone": "The voice line failed. Try once more; the caller is still at the switch.",
  "notice.advisor":
    "The checker does not answer. The report is treated as valid and stays with you.",
  "notice.hub":
    "Go on working: the hub is lost since {time}. Voice goes on; the form is kept on this computer and sent by itself.",
  "notice.detail": "for IT: {detail}",
  "alert.not-recording":
    "Write what matters into the account: {n} calls are not recorded since {time}. Calls go on; tell IT: recording store.",
  "alert.not-recording.none":
    "Write what matters into the account: recording stopped at {time}. Calls go on; tell IT: recording store.",
  "alert.not-storing":
    "Go on working, do not switch this computer off: the hub stores nothing since {time}. The form is safe here; tell IT.",
  "alert.not-kept":
    "Go on working: the form reaches the hub, but this computer's disk keeps no copy. Tell IT.",
  "alarm.move": "Move to another desk now",
  "alarm.retrying": "The connection retries by itself. You need not wait.",
  "alarm.seat": "Use {seat}",
  "alarm.other": "Use another desk that is connected",
  "alarm.seat.why": "Sign in with your name; your reports are there.",
  "alarm.supervisor": "No free desk: tell the supervisor",
  "alarm.supervisor.why": "110 calls go to other desks until this one is back.",
  "alarm.cable": "Check the network cable behind the computer",
  "alarm.cable.why":
    "Green light off: plug it in again. Still cut off: call IT and read them the details.",
  "alarm.now": "State now",
  "alarm.switch": "Switch",
  "alarm.switch.down": "Does not answer",
  "alarm.hub": "Hub",
  "alarm.connected": "Connected",
  "alarm.cut": "Cut off",
  "alarm.safe": "What is safe",
  "alarm.safe.call": "You hold no call.",
  "alarm.safe.others": "{n} other desks go on working.",
  "alarm.safe.forms": "All forms are stored.",
  "alarm.copied": "SIAGA {seat}, switch down since {time}, hub {hub}, headset {audio}",
};

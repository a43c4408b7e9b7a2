// Sentences that need more than one fact of the state.

import type { DeskError, ReclaimView } from "./bindings";
import type { Desk } from "./desk.svelte";
import { t, type MessageKey } from "./messages";

/** Why the caller is back, in one clause, and that the form is already there. */
export function causeText(desk: Desk, reclaim: ReclaimView): string {
  const cause = t(`cause.${reclaim.cause}` satisfies MessageKey, {
    unit: desk.shortName(reclaim.unit),
    seconds: desk.session?.transfer_ring_s ?? 0,
  });
  return `${cause} ${t("cause.form-there")}`;
}

/** What to do about an error. */
export function errorText(error: DeskError): string {
  switch (error.error) {
    case "hub":
      return t(`error.${error.code}` satisfies MessageKey);
    case "unreachable":
    case "bad-address":
    case "not-now":
    case "phone":
      return t(`error.${error.error}` satisfies MessageKey);
  }
}

/** What IT needs to know about it; empty when there is nothing. */
export function errorDetail(error: DeskError): string {
  switch (error.error) {
    case "hub":
      return `${error.code} ${error.detail}`.trim();
    case "unreachable":
    case "phone":
      return error.detail;
    case "bad-address":
    case "not-now":
      return "";
  }
}

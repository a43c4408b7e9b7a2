// Citizens who do as they are told: what they are to do goes to the test that started this script, as
// a line that begins with @, and is done when the test answers "ok".
import { createInterface } from "node:readline";

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Has a citizen do something, e.g. `dial 0822…`, `press 5`, `hang-up`. */
export async function citizen(deed) {
  process.stdout.write(`@${deed}\n`);
  const { value } = await answers.next();
  if (value !== "ok") throw new Error(`a citizen could not ${deed}: ${value ?? "nobody directs"}`);
}

/** Lets the script end. */
export function noMoreCitizens() {
  process.stdin.destroy();
}

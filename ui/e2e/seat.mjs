// The window of a seat whose script is directed by src-tauri/tests/window.
import { noMoreCitizens } from "./director.mjs";
import { steps } from "./steps.mjs";
import { Window } from "./webdriver.mjs";

/**
 * Opens the window that the command line names, has `act` work it, and closes it however that ends;
 * a failure leaves a picture.
 */
export async function atSeat(name, act) {
  const [application, shots, seat, hub] = process.argv.slice(2);
  if (hub === undefined) throw new Error(`usage: ${name}.mjs BINARY SHOTS SEAT HUB`);
  const window = await Window.open({
    base: process.env.DRIVER ?? "http://127.0.0.1:4444",
    application,
    args: ["--desk", seat, "--hub", hub],
    shots,
  });
  try {
    await act(window, steps(window));
    console.log(`${name} in the window: ok`);
  } catch (error) {
    await window.shot("failed").catch(() => undefined);
    throw error;
  } finally {
    await window.close();
    noMoreCitizens();
  }
}

// Which microphone is taken when one is lost.

import type { DeviceView } from "./bindings";

/** The next microphone after `lost` (`null`: the system's own), in a circle; `null`: no other. */
export function microphoneAfter(
  lost: string | null,
  devices: readonly DeviceView[],
): DeviceView | null {
  const inputs = devices.filter((device) => device.input);
  const here = inputs.findIndex((device) =>
    lost === null ? device.default : device.id === lost || device.name === lost,
  );
  if (here >= 0 && inputs.length === 1) return null;
  return inputs[(here + 1) % inputs.length] ?? null;
}

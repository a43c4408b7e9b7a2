// The map of jurisdictions: what is drawn of it for a report.

import { areaOf, type Spot } from "./areas";
import type { Form, Point, UnitId } from "./bindings";
import data from "./data/map.json";

interface Shape {
  label: string;
  at: number[];
  box: number[];
  d: string;
}

export interface Jurisdiction {
  unit: UnitId;
  label: string;
  at: Spot;
  path: string;
}

/** The part of the plane that is looked at. */
export interface Frame {
  x: number;
  y: number;
  width: number;
  height: number;
}

const shapes = data.shapes as Record<UnitId, Shape>;
const pins = data.pins as Record<UnitId, { label: string; at: number[] }>;

const spot = (at: readonly number[]): Spot => [at[0] ?? 0, at[1] ?? 0];

/** All jurisdictions that have a polygon. */
export const JURISDICTIONS: readonly Jurisdiction[] = Object.entries(shapes).map(
  ([unit, { label, at, d }]) => ({ unit, label, at: spot(at), path: d }),
);

/** Where a point of the earth lies on the plane. */
export function project({ lat, lng }: Point): Spot {
  const { x, y } = data.projection;
  return [(x[0] ?? 0) * lng + (x[1] ?? 0), (y[0] ?? 0) * lat + (y[1] ?? 0)];
}

/** Where a report is: its marked point, else the middle of its area; `null` when neither is known. */
export function placeOf(form: Form): Spot | null {
  if (form.point !== null) return project(form.point);
  return areaOf(form.area_code)?.at ?? null;
}

/** Where a unit's name belongs. */
export function unitSpot(unit: UnitId): Spot | null {
  const known = shapes[unit] ?? pins[unit];
  return known === undefined ? null : spot(known.at);
}

/** Whether a unit has no polygon and is shown as a pin (airport, port). */
export function isPinOnly(unit: UnitId): boolean {
  return pins[unit] !== undefined;
}

const whole: Frame = { x: 230, y: 120, width: 620, height: 520 };
const MARGIN = 24;
/** The smallest part that is shown, so that a small Polres still has neighbours. */
const LEAST = 190;

/** What is looked at: the place with its surroundings, or one unit as a whole. */
export function frameOf(place: Spot | null, unit: UnitId | null, closeUp: boolean): Frame {
  const shape = unit === null ? undefined : shapes[unit];
  if (closeUp && shape !== undefined) {
    const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = shape.box;
    return {
      x: x0 - MARGIN,
      y: y0 - MARGIN,
      width: x1 - x0 + 2 * MARGIN,
      height: y1 - y0 + 2 * MARGIN,
    };
  }
  const middle = place ?? (unit === null ? null : unitSpot(unit));
  if (middle === null) return whole;
  return {
    x: middle[0] - LEAST,
    y: middle[1] - LEAST * 0.6,
    width: 2 * LEAST,
    height: LEAST * 1.2,
  };
}

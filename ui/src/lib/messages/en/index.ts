import type { id } from "../id";
import type { Texts } from "../index";
import { bar } from "./bar";
import { board } from "./board";
import { cases } from "./case";
import { form } from "./form";
import { frame } from "./frame";
import { handing } from "./handing";
import { kinds } from "./kinds";
import { lists } from "./lists";
import { training } from "./training";
import { trouble } from "./trouble";

/** English. A text that is missing here is an error of the compiler. */
export const en: Texts<typeof id> = {
  ...frame,
  ...bar,
  ...board,
  ...cases,
  ...form,
  ...handing,
  ...lists,
  ...training,
  ...trouble,
  ...kinds,
};

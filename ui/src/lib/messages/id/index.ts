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

/** Indonesian, the language of the console. */
export const id = {
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
} as const;

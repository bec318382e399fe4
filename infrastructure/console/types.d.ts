/** The types that every file of the console knows. Those of the API are made from OpenAPI when they are checked. */

import type { components, paths } from "../../.tools/console/api";

type Success = 200 | 201 | 202;
/** A path with `${string}` for its parameters: what the template of a call has for a type. */
type Pattern<K extends string> = K extends `${infer Before}{${string}}${infer After}`
  ? `${Before}${string}${Pattern<After>}`
  : K;
type Key<P extends string, K> = K extends `/api/${string}`
  ? [`/api/${P}`] extends [Pattern<K>]
    ? [Pattern<K>] extends [`/api/${P}`]
      ? K
      : never
    : never
  : never;
/** The operation of a method and a path such as `operator/accounts/${string}`; never, where there is none. */
type Operation<M extends string, P extends string> = P extends string
  ? { [K in Key<P, keyof paths>]: M extends keyof paths[K] ? paths[K][M] : never }[Key<P, keyof paths>]
  : never;
type Parameters<O> = O extends { parameters: { query?: infer Q } } ? NonNullable<Q> : never;

declare global {
  type Schemas = components["schemas"];
  type View = unknown;

  /** What a path has that the API does not know: no body fits it, and its answer has no member. */
  type NoSuchPath = { "the API has no such path": true };
  /** What a query may name; null, undefined and "" leave one out. */
  type QueryOf<M extends string, P extends string> = {
    [N in keyof Parameters<Operation<M, P>>]?: string | number | boolean | null;
  };
  type BodyOf<M extends string, P extends string> = [Operation<M, P>] extends [never]
    ? NoSuchPath
    : Operation<M, P> extends { requestBody?: { content: { "application/json": infer B } } } ? B : Record<string, never>;
  type AnswerOf<M extends string, P extends string> = [Operation<M, P>] extends [never]
    ? NoSuchPath
    : Operation<M, P> extends { responses: infer R }
      ? { [S in keyof R & Success]: R[S] extends { content: { "application/json": infer A } } ? A : never }[keyof R &
          Success]
      : never;
  /** One row of a list that is read in pages. */
  type RowOf<P extends string> = AnswerOf<"get", P> extends { items: (infer R)[] } ? R : never;

  type Params = Record<string, string>;
  /** What a dialog's form holds, by the names of its fields. */
  type Given = Record<string, any>;
  type Put = (name: string) => (event: any) => void;

  /** What was found of a list so far: see `find`. */
  type Found<R> = {
    items: R[];
    next_cursor: string | null;
    scanned: number;
    pages: number;
    short: boolean;
    part: boolean;
  };
  /** What an operator sees of something that went wrong. */
  type Trouble = {
    message: string;
    title?: string;
    detail?: string;
    status?: number;
    requestId?: string | null;
    errors?: Schemas["Fault"][];
  };
  type LiveState<T> = { key: string | null; data: T | null; problem: Trouble | null; at: number | null };
  /** What `useLive` knows of something that is read again and again. */
  type LiveData<T> = {
    data: T | null;
    problem: Trouble | null;
    at: number | null;
    reload: () => Promise<void>;
  };
  /** A row of `useRows`; `gone` ones have left the list. */
  type Kept<R> = R & { gone?: boolean };
  type Rows<R> = { rows: Kept<R>[]; came: number; left: number; adopt: () => void };
  /** An icon, a word and a tone. */
  type Look = [string, string, string];
}

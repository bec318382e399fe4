/** What the console takes from the vendored Preact and htm. */

export type View = unknown;
type Update<T> = (next: T | ((before: T) => T)) => void;
/** Of a function in a template the parameters are not known. */
type Value = ((...given: any[]) => unknown) | {} | null | undefined;
type Leave = void | undefined | (() => void);

/** The values of a template are not checked against its components: write the types of props at the components. */
export function html(strings: TemplateStringsArray, ...values: Value[]): View;
export function render(node: View, into: Element): void;
export function useState<T>(first: T | (() => T)): [T, Update<T>];
export function useEffect(run: () => Leave, inputs?: readonly unknown[]): void;
export function useRef<T>(first: T): { current: T };
export function useMemo<T>(make: () => T, inputs: readonly unknown[]): T;
export function useCallback<T>(run: T, inputs: readonly unknown[]): T;

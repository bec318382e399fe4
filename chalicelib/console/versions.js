// @ts-check
// How versions of plans are called: in paths, and as options.

/** @typedef {Schemas["ListedPlan"]} Listed */

/**
 * The path of `slow/1`; without a number it is one that the service does not know.
 * @param {string} reference
 */
export const pathOf = (reference) => {
  const [name, version] = reference.split("/").map(encodeURIComponent);
  return /** @type {const} */ (`operator/plans/${name}/versions/${version ?? "0"}`);
};

/**
 * All versions as options, `slow/2 (draft)`.
 * @param {Listed[]} plans
 */
export const versionOptions = (plans) =>
  plans.flatMap((plan) =>
    plan.versions.map((one) => {
      const reference = `${plan.name}/${one.version}`;
      return [reference, one.state === "published" ? reference : `${reference} (${one.state})`];
    }),
  );

/**
 * What accounts can be given: each plan by its name, for its newest published version, and those versions.
 * @param {Listed[]} plans
 */
export const publishedOptions = (plans) =>
  plans.flatMap((plan) => {
    const published = plan.versions.filter((one) => one.state === "published");
    const versions = published.map((one) => `${plan.name}/${one.version}`);
    return (published.length ? [plan.name, ...versions] : []).map((reference) => [reference, reference]);
  });

/**
 * The plans that accounts can have, each by its name and by its versions; with the chosen one, whatever it is.
 * @param {Listed[]} plans
 * @param {string | undefined} chosen
 */
export function planOptions(plans, chosen) {
  const names = plans.flatMap((plan) => [
    plan.name,
    ...plan.versions.filter((one) => one.state !== "draft").map((one) => `${plan.name}/${one.version}`),
  ]);
  return chosen && !names.includes(chosen) ? [chosen, ...names] : names;
}

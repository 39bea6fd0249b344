/** Thrown when something is used that Redis has and the simulation has not, or cannot repeat exactly. It is never a reply. */
export class Unsupported extends Error {
  constructor(what: string) {
    super(`the simulated Redis does not support ${what}`);
    this.name = 'Unsupported';
  }
}

/** In what today's source differs from the last release, in the words of the test that found it, and why a fleet can be upgraded all the same. */
export interface Difference {
  readonly what: string;
  /** Why both versions can work in one group. */
  readonly why: string;
}

/** Empty it when a new release is kept. */
export const DIFFERENCES: readonly Difference[] = [
  {
    what: 'interface of prune-owners',
    why: 'It takes the two hashes of endings as well, which it writes as the other scripts do. That of 0.1.0 ignores the further keys, and remembers nothing.',
  },
  {
    what: 'effect of prune-owners',
    why: 'A record that is cleared becomes an ending, which the acquire of 0.1.0 reads like every other.',
  },
  {
    what: 'effect of acquire',
    why: 'It also refuses an entry older than a record whose entry is no longer pending. What it writes is as it was; the difference that is found is that of the pruning beside it.',
  },
  {
    what: 'interface of refresh',
    why: 'The keys, the arguments and the two replies are the same. Only its own process hears them: to that of this version 0 says that presence is not there, to that of 0.1.0, which sends its own script, that it is there again.',
  },
  {
    what: 'script touch',
    why: 'It sets the idle time of its own entries back, never below what an entry may be owned under its id. Those of 0.1.0 look at it where they scan for the dead, and take nothing from whoever is present.',
  },
  {
    what: 'effect of refresh',
    why: 'Where presence has lapsed it writes none; its own process then raises a new generation. Each process renews its own presence only, with the script of its own version, and to others presence is there or not, whoever wrote it and when.',
  },
  {
    what: 'interface of probe',
    why: 'It answers with two lists, where there was one. Each process sends the script of its own version before it begins, and nothing else hears the answer.',
  },
];

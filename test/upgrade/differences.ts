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
    why: 'It also refuses an entry older than a record whose entry is no longer pending, and sets how often Redis says that an entry that waits was delivered to 0, and to 1 where one becomes owned that had a 0, which 0.1.0 shows and goes by nowhere.',
  },
  {
    what: 'interface of refresh',
    why: 'It takes the name in the group and the keys of touches, of what is delayed, of cancels, of what is parked, of the index of presences, of members, of balance and of the load balancer stream as well, what the caller says of itself, and an id, which that of 0.1.0 ignores, and answers how often streams of the caller were touched on top of 1, and what there is to say of the others, where 0.1.0 always answers 1. Only its own process hears its replies: to that of this version 0 says that presence is not there, to that of 0.1.0, which sends its own script, that it is there again.',
  },
  {
    what: 'script prolong',
    why: 'It does a part of what refresh does, for the presence of its own process: to others presence is there or not, whoever prolonged it.',
  },
  {
    what: 'script find-dead',
    why: 'It writes the index of presences, which 0.1.0 leaves alone. Who is not in it, as consumers of 0.1.0 are not, this version finds as that one does, by asking for everyone; who was of this version and is forgotten by 0.1.0 stands in the index until its time, and is taken out then.',
  },
  ...['begin-round', 'end-round'].map((script) => ({
    what: `script ${script}`,
    why: 'It writes what processes say of themselves, and what they are to hand over: keys that 0.1.0 leaves alone. Consumers of 0.1.0 are not counted, and hand nothing over.',
  })),
  {
    what: 'script take',
    why: 'It reads as XREADGROUP does, with a COUNT that the last round of balancing says. What consumers of 0.1.0 own is waited for by nobody: it counts as if it waited, which makes the part of each larger. They read as they always did, up to 128 entries at once.',
  },
  {
    what: 'script count-pending',
    why: 'It counts, and writes nothing.',
  },
  {
    what: 'interface of raise',
    why: 'It also writes the index of presences, where there is one. Presence is written as in 0.1.0, and presence decides.',
  },
  {
    what: 'interface of leave',
    why: 'It also takes its caller out of the index of presences, or says there that it is found at once, and deletes the stream of wakes of its caller. That of 0.1.0 ignores the further key and argument: a stream of wakes ends by itself within a minute.',
  },
  {
    what: 'interface of forget-consumer',
    why: 'It also takes the consumer out of the index of presences. That of 0.1.0 leaves it there until its time.',
  },
  {
    what: 'effect of claim',
    why: 'The generation that it writes by force begins with a zero. The owner of 0.1.0 is refused like that of this version, since scripts compare texts, and raises a number above it. One that an operator of 0.1.0 writes has no zero, and may be that of a command which was given up.',
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
    what: 'script forget-consumers',
    why: 'It does for many what forget-consumer does for one.',
  },
  {
    what: 'script stranded',
    why: 'It reads the load balancer stream and its group, and writes nothing.',
  },
  {
    what: 'script balance',
    why: 'It counts, and writes nothing.',
  },
  {
    what: 'script adopt',
    why: 'It adds an entry as a requeue does, and deletes one that is pending for nobody. Nobody of either version holds that.',
  },
  {
    what: 'script payloads',
    why: 'It reads the load balancer stream, and writes nothing.',
  },
  {
    what: 'interface of acquire',
    why: 'It takes the keys of what is parked, and of checkpoints, and answers 3 and 4 of what it parks or finishes; or it may answer 2, where it says 1 of an entry whose name was recorded with what is no entry id. Each process hears the script of its own version only; that of 0.1.0 fails on such a record.',
  },
  {
    what: 'interface of claim-due-letters',
    why: 'Of an entry that is gone it answers {0}, where it answered {} as of one that is not due. Each process hears the script of its own version only.',
  },
  {
    what: 'interface of probe',
    why: 'Among the refused commands it also names those that are not there, as missing. Each process sends the script of its own version before it begins, and nothing else hears the answer.',
  },
  {
    what: 'interface of claim',
    why: 'It is told why an entry has no name, and writes that as the reason of the letter. Only operators send it, the script of their own version.',
  },
  {
    what: 'interface of requeue',
    why: 'Two more values of a flag, which 0.1.0 takes for 0, and an answer that may be for the first entries only. Each process sends the script of its own version, and asks again for the rest.',
  },
  {
    what: 'effect of requeue',
    why: 'A copy may have more fields, _delivery_count, _failures, _deaths, _trial and those of a dead letter, which 0.1.0 keeps as it keeps every field that it does not know; of what was proven the counts are 0; the death that exceeds maxRetries may leave them as they are, so that 0.1.0 dead-letters the entry with the next one; and there are two reasons more for a dead letter, which 0.1.0 shows as text.',
  },
  {
    what: 'interface of give-back',
    why: 'Behind the entries it may be told what handlers threw, it knows two more reasons, and may answer for the first entries only. Each process sends the script of its own version.',
  },
  {
    what: 'interface of claim-due-letters',
    why: 'Behind the ids it may be told what spent the last retry, the owner, and what handlers threw, and it may answer for the first entries only. Each process sends the script of its own version. What 0.1.0 leaves due is written by either.',
  },
  {
    what: 'interface of redrive',
    why: 'It may answer for the first letters only, which its caller expects. That of 0.1.0 answers for all.',
  },
  {
    what: 'name of due, delivery_limit',
    why: 'Only where the dead-letter stream lives in another slot, and only for as long as its letter is not written: what is due for a reason that 0.1.0 does not know it takes for that of a dead consumer, and puts back on the stream, retry count kept. Whoever of this version meets it next decides again.',
  },
  {
    what: 'name of due, tooLarge',
    why: 'As that of delivery_limit.',
  },
  {
    what: 'name of due, rejected',
    why: 'As that of delivery_limit.',
  },
  {
    what: 'script read-entries',
    why: 'It changes nothing, and only its own process sends it.',
  },
  {
    what: 'script read-page',
    why: 'It changes nothing, and only its own process sends it.',
  },
  {
    what: 'script mark',
    why: 'It sets how often Redis says that an entry was delivered, which 0.1.0 shows and goes by nowhere.',
  },
  {
    what: 'effect of give-back',
    why: 'As that of requeue.',
  },
  {
    what: 'effect of claim',
    why: 'As that of requeue.',
  },
  {
    what: 'effect of claim-due-letters',
    why: 'The letter that it makes has more fields, which 0.1.0 keeps and shows as they are.',
  },
  {
    what: 'effect of redrive',
    why: 'It leaves off the fields that say why a letter is one, and the counts. That of 0.1.0 copies them along; consumers of either version write them anew when the stream becomes a letter again.',
  },
  {
    what: 'effect of redrive-apart',
    why: 'As that of redrive.',
  },
  {
    what: 'interface of finish-due-letters',
    why: 'Its header names every reason there is by now. What it takes and answers is the same.',
  },
  {
    what: 'interface of done',
    why: 'Conditions stand behind an empty item, and which checkpoints go behind those; the hash that they are held against and that of checkpoints are the last keys. All are sent only where an application asks for it. What that of 0.1.0 is sent, and answers, is the same; it knows no conditions.',
  },
  {
    what: 'effect of done',
    why: 'That of 0.1.0 is never sent conditions, as its own process knows none; it would find an entry without an id that is not pending, and finish nothing.',
  },
  {
    what: 'script save',
    why: 'It writes a hash that 0.1.0 leaves alone, of streams that are pending for its caller. What a consumer of 0.1.0 finishes leaves its checkpoint there: the next owner of that name that is of this version begins with it, and where there is none it is pruned.',
  },
  {
    what: 'script prune-checkpoints',
    why: 'It clears records in a hash that 0.1.0 leaves alone. Who owns what it reads in owner records and the pending list, which 0.1.0 writes alike.',
  },
  {
    what: 'script ensure',
    why: 'It adds entries as a producer of 0.1.0 does, and writes two hashes that 0.1.0 leaves alone. It goes by the pending list and by owner records, which 0.1.0 writes alike.',
  },
  {
    what: 'script prune-announced',
    why: 'It clears records in the hashes that only `ensure` and `done` of this version know.',
  },
  {
    what: 'script park-ahead',
    why: 'It delivers entries to its caller and finishes them as `done` does, and keeps copies in keys that 0.1.0 leaves alone. What becomes of those, see `unpark`.',
  },
  {
    what: 'script unpark',
    why: 'It adds entries as a producer of 0.1.0 does. What a consumer of 0.1.0 ends gives nothing back that is parked: consumers of this version find the name free. A fleet of 0.1.0 alone gives out nothing that is parked, and keeps it.',
  },
  {
    what: 'script pause',
    why: 'It writes a key that 0.1.0 leaves alone, whose consumers are given what is paused.',
  },
  {
    what: 'script remove-data',
    why: 'It deletes a data stream that its owner has read to the end, if its handler asks for that. 0.1.0 reads no data streams.',
  },
  {
    what: 'script delay',
    why: "It takes an entry out of its owner's hands as give-back does, and keeps the copy in keys that 0.1.0 leaves alone. A consumer of this version puts it back on the stream, where it is an entry like any other.",
  },
  {
    what: 'script add-delayed',
    why: 'It writes keys that 0.1.0 leaves alone.',
  },
  {
    what: 'script end-delays',
    why: 'It adds entries as a producer of 0.1.0 does. A fleet of consumers of 0.1.0 alone gives nothing out that was delayed, and keeps it.',
  },
  {
    what: 'script cancel',
    why: 'It deletes what nobody has been given, as an operator may, and marks what is owned in a hash that 0.1.0 leaves alone: an owner of 0.1.0 does not hear of it, and what it gives back, or takes over, is given to somebody again.',
  },
  ...['plain', 'tagged', 'prefixed', 'own dlq'].flatMap((service) => [
    ...[
      'cancels',
      'delayed',
      'delayed, due',
      'delayed, names',
      'parked',
      'parked, names',
      'parked, counts',
      'parked, turns',
      'paused',
      'presences',
      'members',
      'balance',
      'wakes',
      'checkpoints',
    ].map((key) => ({
      what: `name of ${service}: ${key}`,
      why: 'A key that consumers of 0.1.0 know nothing of.',
    })),
    {
      what: `name of ${service}: announced`,
      why: 'A hash that only `ensure` reads. It finds out itself what consumers of 0.1.0 move, and what its producers add.',
    },
    {
      what: `name of ${service}: touches`,
      why: 'A hash that consumers of 0.1.0 know nothing of: who ensures a stream that they own is told so, and they are not.',
    },
  ]),
];

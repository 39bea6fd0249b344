interface Member {
  readonly member: string;
  readonly score: number;
}

function compare(a: Member, b: Member): number {
  if (a.score !== b.score) return a.score < b.score ? -1 : 1;
  return a.member < b.member ? -1 : a.member > b.member ? 1 : 0;
}

/** Members ordered by score, and among equals by their bytes. */
export class SortedSetValue {
  readonly type = 'zset';
  owner: object;
  digest: string | undefined;
  readonly scores: Map<string, number>;
  readonly members: Member[];

  constructor(owner: object, scores = new Map<string, number>(), members: Member[] = []) {
    this.owner = owner;
    this.scores = scores;
    this.members = members;
  }

  copyFor(owner: object): SortedSetValue {
    return new SortedSetValue(owner, new Map(this.scores), this.members.slice());
  }

  describe(): unknown {
    return this.members.map(({ member, score }) => [member, String(score)]);
  }

  rankOf(member: string): number | undefined {
    const score = this.scores.get(member);
    return score === undefined ? undefined : this.#position({ member, score });
  }

  #position(wanted: Member): number {
    let low = 0;
    let high = this.members.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(this.members[middle] as Member, wanted) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  set(member: string, score: number): void {
    this.remove(member);
    this.scores.set(member, score);
    const made = { member, score };
    this.members.splice(this.#position(made), 0, made);
  }

  remove(member: string): boolean {
    const score = this.scores.get(member);
    if (score === undefined) return false;
    this.members.splice(this.#position({ member, score }), 1);
    this.scores.delete(member);
    return true;
  }
}

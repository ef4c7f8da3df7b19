// Exhaustive check of the append design (data-model.md beside this file): every interleaving, at the grain of one database call, of
// senders that repeat ids and may die anywhere, and a settler that may die and repeat. Usage: node append-model.mjs [variant] [senders]
// variants: ok (the design) · noguard (commit without a condition on `settled`) · claimfirst (claim read before HEAD) · nopending · norecent
const variant = process.argv[2] ?? 'ok';
const KEYS = (process.argv[3] ?? 'a,a,a,b').split(','); // one sender each; equal letters = repeats of one id
const init = {
  seq: 0,
  pending: [],
  settled: 0,
  before: 0, // what `settled` was before it last moved
  recent: [], // the keys of the events before + 1 … settled
  claims: {},
  log: [],
  events: {},
  S: KEYS.map((k) => ({ k, pc: 'start', s: -1, tries: 0 })),
  st: { pc: 'idle', at: 0 },
};
const key = (x) => JSON.stringify(x);
const clone = (x) => JSON.parse(key(x));
const bad = (x) => {
  const n = {};
  for (const k of x.log) n[k] = (n[k] ?? 0) + 1;
  for (const k in n) if (n[k] > 1) return `two events for id ${k}`;
  if (key(x.pending) !== key(x.log.slice(x.settled))) return 'pending is not the unsettled tail';
  for (const s of x.S)
    if (s.pc === 'acked' && x.log[s.seq - 1] !== s.k) return `acknowledged seq ${s.seq} is not id ${s.k}`;
  for (const s of x.S)
    if (s.pc === 'acked' && !x.events[s.seq]) return `acknowledged seq ${s.seq} before it was stored`;
  for (let q = 1; q <= x.settled; q++)
    if (!x.events[q] || x.claims[x.log[q - 1]] !== q) return `settled ${q} without event or claim`;
};
function* next(x) {
  for (let i = 0; i < x.S.length; i++) {
    const s = x.S[i];
    if (s.pc === 'acked' || s.pc === 'dead') continue;
    const y = () => {
      const c = clone(x);
      return [c, c.S[i]];
    };
    {
      const [c, t] = y();
      t.pc = 'dead';
      yield [`die ${i}`, c];
    }
    if (s.pc === 'start') {
      if (variant === 'claimfirst') {
        const [c, t] = y();
        t.claim = x.claims[s.k] ?? 0;
        t.pc = 'readHead';
        yield [`claim ${i}`, c];
      } else {
        for (let w = 0; w <= x.settled; w++) {
          const [c, t] = y();
          t.s = w;
          t.pc = 'readClaim';
          yield [`head(${w}) ${i}`, c];
        }
      } // any value seen now or earlier (warm)
    } else if (s.pc === 'readHead') {
      const [c, t] = y();
      t.s = x.settled;
      t.pc = t.claim ? 'answer' : 'commit';
      if (t.claim) {
        t.seq = t.claim;
      }
      yield [`head ${i}`, c];
    } else if (s.pc === 'readClaim') {
      const [c, t] = y();
      const q = x.claims[s.k];
      if (q) {
        t.seq = q;
        t.pc = 'answer';
      } else t.pc = 'commit';
      yield [`claim ${i}`, c];
    } else if (s.pc === 'commit') {
      const [c, t] = y();
      const dup = variant === 'nopending' ? -1 : x.pending.indexOf(s.k);
      const oneBehind = x.before === s.s && (variant === 'norecent' || !x.recent.includes(s.k));
      const ok = (variant === 'noguard' || x.settled === s.s || oneBehind) && dup < 0;
      if (ok) {
        c.seq++;
        c.log.push(s.k);
        c.pending.push(s.k);
        t.seq = c.seq;
        t.pc = 'put';
      } else if (dup >= 0) {
        t.seq = x.settled + 1 + dup;
        t.pc = 'put';
      } // ALL_OLD gives the number; store it ourselves before we answer
      else {
        t.s = x.settled;
        t.pc = variant === 'claimfirst' ? 'start' : 'readClaim';
        t.tries++;
        if (t.tries > 3) t.pc = 'dead';
      }
      yield [`commit ${i}`, c];
    } else if (s.pc === 'put') {
      const [c, t] = y();
      c.events[s.seq] = s.k;
      t.pc = 'acked';
      yield [`put ${i}`, c];
    } else if (s.pc === 'answer') {
      const [c, t] = y();
      t.pc = 'acked';
      yield [`answer ${i}`, c];
    }
  }
  // settler: takes the next one or two committed events, puts event, puts claim, moves settled; may die between any two calls (and starts over from settled)
  const st = x.st;
  if (st.pc === 'idle') {
    for (const m of [1, 2])
      if (x.settled + m <= x.log.length) {
        const c = clone(x);
        c.st = { pc: 'work', from: x.settled, to: x.settled + m, step: 0 };
        yield ['settler takes', c];
      }
  } else {
    {
      const c = clone(x);
      c.st = { pc: 'idle' };
      yield ['settler dies', c];
    }
    const c = clone(x);
    const n = st.to - st.from;
    if (st.step < n) {
      const q = st.from + 1 + st.step;
      c.events[q] ??= x.log[q - 1];
      c.st.step++;
    } else if (st.step < 2 * n) {
      const q = st.from + 1 + st.step - n;
      c.claims[x.log[q - 1]] ??= q;
      c.st.step++;
    } else {
      if (x.settled === st.from) {
        c.before = st.from;
        c.settled = st.to;
        c.recent = c.pending.splice(0, n);
      }
      c.st = { pc: 'idle' };
    }
    yield ['settler step', c];
  }
}
const seen = new Map([[key(init), null]]);
let queue = [init],
  states = 0;
while (queue.length) {
  const nq = [];
  for (const x of queue) {
    states++;
    for (const [how, y] of next(x)) {
      const k = key(y);
      if (seen.has(k)) continue;
      seen.set(k, [key(x), how]);
      const b = bad(y);
      if (b) {
        const path = [];
        for (let q = k; seen.get(q); q = seen.get(q)[0]) path.unshift(seen.get(q)[1]);
        console.log(`${variant}: BROKEN: ${b}\n  ${path.join(' → ')}`);
        process.exit(1);
      }
      nq.push(y);
    }
  }
  queue = nq;
  if (states > 3e6) {
    console.log('too many states');
    process.exit(2);
  }
}
console.log(`${variant}: holds in all ${states} states (senders ${KEYS.join(' ')})`);

/** The last line of a run: what AWS would have metered, and what it would have cost. */

/** `bill` of the engine's metrics. */
export interface Bill {
  readonly webSocketMessages: number;
  readonly httpRequests: number;
  readonly invocations: number;
  readonly billedMilliseconds: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly dollars: number;
  readonly basis: string;
}

export function costLine(bill: Bill): string {
  const metered = [
    counted(bill.webSocketMessages, 'WebSocket message'),
    counted(bill.httpRequests, 'HTTP request'),
    `${counted(bill.invocations, 'invocation')} of ${counted(Math.round(bill.billedMilliseconds / 1000), 'second')}`,
    `about ${bill.writeUnits.toLocaleString('en')} write and ${counted(bill.readUnits, 'read unit')}`,
  ];
  return `On AWS this run would have cost ${dollars(bill.dollars)}: ${metered.join(', ')} (${bill.basis}).`;
}

function counted(count: number, name: string): string {
  return `${count.toLocaleString('en')} ${name}${count === 1 ? '' : 's'}`;
}

/** Two digits that say something, down to a hundredth of a cent. */
function dollars(amount: number): string {
  if (amount >= 1) return `about $${amount.toFixed(2)}`;
  if (amount < 0.0001) return 'less than $0.0001';
  const digits = Math.max(2, 1 - Math.floor(Math.log10(amount)));
  return `about $${amount.toFixed(digits)}`;
}

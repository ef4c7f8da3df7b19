/**
 * Access logs in the format that the stage declares.
 * Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
 */

/** One line, as CloudWatch Logs would get it. */
export interface AccessLogEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Logical id of the API. */
  readonly api: string;
  readonly requestId: string;
  readonly line: string;
}

export type AccessLog = (entry: AccessLogEntry) => void;

/** Values by the names that `$context.` has in a format. */
export type AccessVariables = Readonly<Record<string, string | number | undefined>>;

const VARIABLE = /\$context\.([A-Za-z][A-Za-z0-9]*(?:[._][A-Za-z0-9]+)*)/g;
/** What stands for a variable without a value. */
const ABSENT = '-';

/**
 * @param format the stage's `AccessLogSettings.Format`
 * @returns a line from the variables; what comes from clients can't break out of a JSON text
 */
export function createAccessFormat(format: string): (variables: AccessVariables) => string {
  const parts = format.split(VARIABLE);
  return (variables) => {
    let line = '';
    for (const [index, part] of parts.entries())
      line += index % 2 === 0 ? part : escaped(String(variables[part] ?? ABSENT));
    return line;
  };
}

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);

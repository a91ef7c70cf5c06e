import { execFile } from 'node:child_process';

interface Frame {
  env?: NodeJS.ProcessEnv;
  /** Codes that are no failure. */
  codes?: readonly number[];
  /** How long it may take, in ms. */
  ms?: number;
}

/** Runs a program to its end and gives what it printed. */
export function run(
  binary: string,
  parameters: readonly string[],
  { env = process.env, codes = [0], ms = 20_000 }: Frame = {},
): Promise<string> {
  return new Promise((done, failed) => {
    const options = { env, timeout: ms, maxBuffer: 1 << 26 };
    execFile(binary, parameters, options, (error, stdout, stderr) => {
      const code = error ? error.code : 0;
      if (typeof code === 'number' && codes.includes(code)) done(stdout);
      else failed(new Error(`${binary} ${parameters.join(' ')}: ${error?.message ?? ''} ${stderr}`));
    });
  });
}

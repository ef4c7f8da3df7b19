/** The web app as `npm start` serves it: what the stack put into its bucket, with the settings of this machine. */
import { configFile, type PageConfig, websiteFiles } from '../../functions/operations/website-files.ts';
import { createAwsSend } from '../../shared/aws/client.ts';
import { bucketAt } from '../../shared/aws/presign.ts';
import { publishFiles, putFile } from '../../shared/aws/publish-files.ts';
import { buildWeb } from '../build/web.ts';
import { DEMO_PASSWORD, type DemoUser } from './demo.ts';

export interface PageOptions {
  readonly storageEndpoint: string;
  readonly bucket: string;
  /** Whom the page offers to log in as. */
  readonly users: readonly DemoUser[];
}

export interface Page {
  /** Builds the page anew and serves it, where its sources changed. @returns whether they did @throws Vite's failure */
  update(root: string): Promise<boolean>;
}

/** Tells the page of this machine: its sockets are beside it, whichever gateway served it, and these are its demo users. */
export async function openPage({ storageEndpoint, bucket, users }: PageOptions): Promise<Page> {
  // Credentials that the engine did not issue are its user's, who may do everything.
  const environment = {
    AWS_ENDPOINT_URL_S3: storageEndpoint,
    AWS_ACCESS_KEY_ID: 'user',
    AWS_SECRET_ACCESS_KEY: 'any',
  };
  const at = { bucket: bucketAt(bucket, environment), send: createAwsSend(environment) };
  const config: PageConfig =
    users.length > 0 ? { demo: { users: users.map(({ user }) => user), password: DEMO_PASSWORD } } : {};
  await putFile(at, configFile(config));
  return {
    async update(root) {
      const found = await buildWeb(root);
      if (found?.built) await publishFiles(at, await websiteFiles(found.folder, config));
      return found?.built ?? false;
    },
  };
}

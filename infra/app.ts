import { App } from 'aws-cdk-lib';
import { ChatStack } from './chat-stack.ts';
import { readSettings } from './settings.ts';

/** What holds unless the CDK's own context says otherwise. */
const CONTEXT = {
  // As `cdk` itself asks for: error texts name constructs by their paths.
  'aws:cdk:enable-path-metadata': true,
  'aws:cdk:enable-asset-metadata': true,
};

/** Under the CDK's command the library checks the template by its rules; a start on one machine need not wait for that. */
const VALIDATE = process.env.CDK_CLI_VERSION !== undefined;

try {
  const app = new App({
    analyticsReporting: false,
    builtinCloudFormationValidation: VALIDATE,
    context: CONTEXT,
  });
  new ChatStack(app, readSettings(app));
  app.synth();
} catch (error) {
  const said = error instanceof Error && error.message.startsWith('unable to');
  console.error(said ? error.message : error);
  process.exitCode = 1;
}

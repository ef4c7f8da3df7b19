import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { ENV } from '../shared/environment.ts';
import { Handler } from './handler.ts';
import type { ModerationSettings } from './moderation-settings.ts';
import type { Settings } from './settings.ts';

/** A function that may pass, change or refuse a message before it is committed: the deployer's, or a list of words. */
export class Moderation extends Construct {
  readonly #settings: ModerationSettings;
  readonly #functionArn: string;

  constructor(scope: Construct, id: string, settings: Settings, moderation: ModerationSettings) {
    super(scope, id);
    this.#settings = moderation;
    this.#functionArn = moderation.functionArn ?? this.#wordList(settings, moderation.words).functionArn;
  }

  /** Lets a function that commits texts ask. */
  bind(handler: Handler): void {
    const { timeoutMs, onTimeout } = this.#settings;
    handler.addEnvironment(ENV.moderationFunction, this.#functionArn);
    handler.addEnvironment(ENV.moderationTimeoutMs, String(timeoutMs));
    handler.addEnvironment(ENV.moderationOnTimeout, onTimeout);
    handler.allow(['lambda:InvokeFunction'], [this.#functionArn]);
  }

  #wordList(settings: Settings, words: readonly string[]): Handler {
    const handler = new Handler(this, 'WordList', {
      settings,
      entry: 'moderation/word-list',
      description: 'Masks or refuses messages by a list of words',
      timeout: Duration.seconds(5),
      memorySize: 256,
    });
    handler.addEnvironment(ENV.moderationWords, words.join(','));
    return handler;
  }
}

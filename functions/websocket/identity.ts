/** Who holds a token, for the routes that take one. The verifier keeps the public keys while the environment is warm. */
import type { VerifyAccessToken } from '../../shared/auth/verify-token.ts';
import { once } from '../runtime/once.ts';
import { getRuntime } from '../runtime/runtime.ts';
import { createVerifier } from '../runtime/verifier.ts';

const getVerifier = once(() => createVerifier(getRuntime()));

/** @throws {ParleyError} `unauthenticated`. */
export const verifyAccessToken: VerifyAccessToken = (token) => getVerifier()(token);

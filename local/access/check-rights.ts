import type { AssemblyModel } from '../assembly/model.ts';
import { type Authorizer, checkDestinations, checkMappings } from './authorizer.ts';
import { checkDeliveryRights, checkInvokeRights } from './invoke-rights.ts';

/**
 * Checks what can be checked before anything runs: of the functions' roles what AWS asks when it makes mappings and destinations, and
 * of the services' permissions what each call would need.
 *
 * @throws EngineError `access_denied`
 */
export function checkRights(model: AssemblyModel, authorizer: Authorizer): void {
  checkMappings(model, authorizer);
  checkDestinations(model, authorizer);
  checkInvokeRights(model);
  checkDeliveryRights(model);
}

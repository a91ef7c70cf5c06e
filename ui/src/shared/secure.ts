/** Browsers give this page no devices, whatever its person allows: it came over plain http. */
export function isInsecurePage(): boolean {
  return globalThis.isSecureContext === false;
}

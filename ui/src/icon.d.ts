import type { Component } from 'svelte';

/** What an icon takes once `static-icons.ts` wrote it out; assistive technology never hears it. */
declare const Icon: Component<{ size?: number; 'aria-hidden'?: 'true' }>;
export default Icon;

/** What the side of a call shows. */
export type Panel = 'chat' | 'quality' | 'people';

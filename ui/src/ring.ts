import { ringDoor } from './lib/host/tauri';
import './ring.css';
import { showRing } from './ringCard';

const { card, accept, decline, open } = ringDoor();
if (card) showRing(document, card, { accept, decline, open });

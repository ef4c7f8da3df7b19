import { createContext, use } from 'react';
import type { Directory } from '../people/directory.ts';

/** Who is here, and what is known of the others. */
export interface ChatSurroundings {
  readonly me: string;
  readonly directory: Directory;
  /** Whether a room that is not listed is none of the user's. */
  readonly knowsRooms: boolean;
}

export const ChatContext = createContext<ChatSurroundings | undefined>(undefined);

/** Of a part that is shown to who is logged in. */
export function useChat(): ChatSurroundings {
  const chat = use(ChatContext);
  if (!chat) throw new Error('unable to render; nobody is logged in');
  return chat;
}

"""A scripted SMTP or LMTP server: answers 250 to everything unless a rule says otherwise, and remembers what came."""
import os
import re
import socket
import threading
import time


class ScriptedHop:
    """where: a port of 127.0.0.1, (address, port), or the path of a Unix socket. rules: (verb, pattern, answer): the first that fits
    a command line counts; verbs as sent, "CONNECT" for the greeting, "EOD" for the end of the content (of LMTP: with the recipient
    as the line). An answer is text, a number of seconds to wait first, or None to hang up."""

    def __init__(self, where, rules=(), lmtp=False, ehlo=("PIPELINING", "DSN", "8BITMIME", "SMTPUTF8")):
        self.rules, self.lmtp, self.ehlo = list(rules), lmtp, ehlo
        self.transactions = []  # (mail line, [rcpt lines accepted], content)
        self.commands = []
        self.times = []         # when each transaction ended
        self.at_once = self.at_most = 0
        self.lock = threading.Lock()
        if isinstance(where, str):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.bind(where)
            os.chmod(where, 0o666)
        else:
            self.socket = socket.socket()
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind(where if isinstance(where, tuple) else ("127.0.0.1", where))
        self.socket.listen(200)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.session, args=(client,), daemon=True).start()

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def recipients(self):
        """Of all transactions that were accepted: lists of addresses."""
        return [[re.search("<(.*?)>", line).group(1) for line in rcpts] for _, rcpts, _ in self.transactions]

    def answer(self, verb, line, usual):
        for wanted, pattern, text in self.rules:
            if wanted != verb or not re.search(pattern, line, re.I):
                continue
            if isinstance(text, (int, float)):
                time.sleep(text)
                continue
            return text
        return usual

    def session(self, client):
        with self.lock:
            self.at_once += 1
            self.at_most = max(self.at_most, self.at_once)
        try:
            with client, client.makefile("rwb", buffering=0) as stream:
                self.talk(stream)
        except OSError:
            pass
        finally:
            with self.lock:
                self.at_once -= 1

    def say(self, stream, text):
        if text is None:
            raise ConnectionAbortedError
        stream.write(text.encode() + b"\r\n")
        return text

    def talk(self, stream):
        mail, rcpts = "", []
        self.say(stream, self.answer("CONNECT", "", "220 next.example ready"))
        for raw in iter(stream.readline, b""):
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            verb = line.split(" ")[0].upper()
            self.commands.append(line)
            if verb in ("EHLO", "LHLO"):
                lines = ["next.example", *self.ehlo]
                usual = "\r\n".join(f"250{'-' if n + 1 < len(lines) else ' '}{word}" for n, word in enumerate(lines))
                self.say(stream, self.answer(verb, line, usual))
            elif verb == "MAIL":
                mail, rcpts = line, []
                self.say(stream, self.answer(verb, line, "250 2.1.0 Ok"))
            elif verb == "RCPT":
                if self.say(stream, self.answer(verb, line, "250 2.1.5 Ok")).startswith("2"):
                    rcpts.append(line)
            elif verb == "DATA":
                if self.say(stream, self.answer(verb, line, "354 go on")).startswith("3"):
                    self.take(stream, mail, rcpts)
            elif verb == "QUIT":
                self.say(stream, self.answer(verb, line, "221 2.0.0 Bye"))
                return
            else:
                self.say(stream, self.answer(verb, line, "250 2.0.0 Ok"))

    def take(self, stream, mail, rcpts):
        content = []
        for raw in iter(stream.readline, b""):
            if raw == b".\r\n":
                break
            content.append(raw[1:] if raw.startswith(b"..") else raw)
        taken = []
        for line in rcpts if self.lmtp else [""]:
            if self.say(stream, self.answer("EOD", line, "250 2.0.0 Ok")).startswith("2"):
                taken += [line] if self.lmtp else rcpts
        if taken:
            with self.lock:
                self.transactions.append((mail, taken, b"".join(content).decode("utf-8", "replace")))
                self.times.append(time.monotonic())

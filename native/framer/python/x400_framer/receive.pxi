cdef class _Receiver(_Transport):
    """Session, receiving: SPDUs and their parameters (X.225 clause 8), then what each does."""

    cdef Py_ssize_t _spdu(self, const unsigned char[::1] o, Py_ssize_t p, Py_ssize_t end) except -1:
        """Reads the SPDU at p: parameters into _off and _len. Returns where its parameters end."""
        cdef Py_ssize_t n, stop
        memset(self._len, 0xFF, sizeof(self._len))
        n = self._length(o, p + 1, end)
        p += 2 if o[p + 1] != 255 else 4
        stop = p + n
        self._units(o, p, stop, 0)
        return stop

    cdef Py_ssize_t _length(self, const unsigned char[::1] o, Py_ssize_t p, Py_ssize_t end) except -1:
        """The length indicator at p, whose field must lie before end (X.225 8.2.5)."""
        cdef Py_ssize_t n, at = p + 1
        if p >= end:
            raise _PeerError("a length indicator is missing", p)
        n = o[p]
        if n == 255:
            if p + 3 > end:
                raise _PeerError("a length indicator is cut off", p)
            n = (o[p + 1] << 8) | o[p + 2]
            at = p + 3
        if at + n > end:
            raise _PeerError(f"length indicator {n}, {end - at} octets are left", p)
        return n

    cdef int _units(self, const unsigned char[::1] o, Py_ssize_t p, Py_ssize_t stop, int linked) except -1:
        """The PGI and PI units from p to stop; the units of a group are taken with the others (X.225 8.2.2)."""
        cdef int code
        cdef Py_ssize_t n, at
        while p < stop:
            code = o[p]
            n = self._length(o, p + 1, stop)
            at = p + (2 if o[p + 1] != 255 else 4)
            if (code == PGI_IDENTIFIER or code == PGI_CONNECT) and not linked:
                self._units(o, at, at + n, -1)
            elif code == PGI_LINKING and not linked:
                self._units(o, at, at + n, LINKED)
            else:
                if linked > 0:
                    code = (code & 127) | LINKED
                if self._len[code] >= 0:
                    raise _PeerError(f"parameter {code} is there twice", p)
                self._off[code] = at
                self._len[code] = n
            p = at + n
        return 0

    cdef long _octets(self, const unsigned char[::1] o, int code, long default, int size) except? -7:
        """A parameter of one or two octets as a number."""
        if self._len[code] < 0:
            return default
        if self._len[code] != size:
            raise _PeerError(f"parameter {code} has {self._len[code]} octets", self._off[code])
        if size == 1:
            return o[self._off[code]]
        return (o[self._off[code]] << 8) | o[self._off[code] + 1]

    cdef long _serial(self, const unsigned char[::1] o, int code) except -1:
        """A serial number: one to six digits, at most 999999 (X.225 8.3.20)."""
        cdef long value = 0
        cdef int i, n = self._len[code]
        if n < 1 or n > 6:
            raise _PeerError("no serial number of one to six digits", self._off[code] if n >= 0 else -1)
        for i in range(n):
            if not 48 <= o[self._off[code] + i] <= 57:
                raise _PeerError("a serial number that is not digits", self._off[code])
            value = value * 10 + o[self._off[code] + i] - 48
        return value

    cdef bytes _field(self, object view, int code, int limit):
        if self._len[code] < 0:
            return b""
        if self._len[code] > limit:
            raise _PeerError(f"parameter {code} has {self._len[code]} octets", self._off[code])
        return bytes(view[self._off[code]:self._off[code] + self._len[code]])

    cdef object _user(self, object view):
        cdef int code = PGI_USER_DATA
        if self._len[code] < 0:
            code = PGI_EXTENDED if self._len[PGI_EXTENDED] >= 0 else PI_USER_DATA_OLD
        if self._len[code] <= 0:
            return b""
        return view[self._off[code]:self._off[code] + self._len[code]]

    cdef int _whole(self, object view, const unsigned char[::1] o, Py_ssize_t p, Py_ssize_t end) except -1:
        """A TSDU: one SPDU, or one of category 0 and one of category 2 (X.225 6.3.7, basic concatenation)."""
        cdef int si = o[p], token
        cdef Py_ssize_t stop = self._spdu(o, p, end)
        if si != SI_GT and si != SI_PT:
            self._one(view, o, si, stop, end, False)
            return 0
        token = self._octets(o, PI_TOKEN, 0, 1)
        user = self._user(view) if si == SI_PT else b""
        if stop < end:
            # what the tokens are given after is processed first (X.225 6.3.7, Table 7)
            p = stop
            stop = self._spdu(o, p, end)
            self._one(view, o, o[p], stop, end, True)
        elif si == SI_GT and not token:
            raise _PeerError("GIVE TOKENS alone, without a token", p)
        if token == 0 and len(user) == 0 or self.closed:
            return 0
        if token & ~(DK | MI | MA | 0x40):
            token &= DK | MI | MA | 0x40
        if si == SI_PT:
            if self._peer_event(E_PT, token):
                self._events.append(ev.STokenPleaseIndication(token, user))
        elif self._peer_event(E_GT_STAR if self._state == STA20 and token & DK else E_GT, token):
            self.tokens |= token
            self._events.append(ev.STokenGiveIndication(token))
        return 0

    cdef int _one(self, object view, const unsigned char[::1] o, int si, Py_ssize_t stop, Py_ssize_t end, bint second) except -1:
        """An SPDU that is not of category 0, its parameters read; `second`: it is of category 2."""
        cdef long enclosure = 3
        information = view[stop:end]
        if second and si == SI_DT:
            if self._len[PI_ENCLOSURE] < 0 and self._seg_si < 0:
                if self._peer_event(E_DT):
                    self._events.append(ev.SDataIndication(information))
                return 0
        elif not (si == SI_TD and not second):
            if stop != end:
                raise _PeerError(f"{end - stop} octets after SPDU {si}", stop)
            information = self._user(view)
        if self._len[PI_ENCLOSURE] >= 0:
            enclosure = self._octets(o, PI_ENCLOSURE, 3, 1) & 3
        if si == SI_CDO and not second:
            return self._overflow(information, enclosure)
        if si == SI_AB and not second and self._len[PI_ENCLOSURE] < 0:
            self._seg_si = -1  # an abort does not wait for the end of an SSDU
        if enclosure == 3 and self._seg_si < 0:
            return self._act(view, o, si, second, information)
        # segments of one SSDU (X.225 7.37): parameters come with the first, user data with each
        if enclosure & 1:
            if self._seg_si >= 0:
                raise _PeerError("an SSDU begins inside an SSDU")
            self._seg_si = si
            self._seg_first_cat = second
            self._seg_params = self._kept(view)
            self._ssdu = []
            self._ssdu_size = 0
        elif self._seg_si != si or self._seg_first_cat != second:
            raise _PeerError(f"SPDU {si} inside the segments of an SSDU")
        self._ssdu_size += len(information)
        if self._ssdu_size > self._limit:
            raise _PeerError(f"an SSDU of more than {self._limit} octets", -1, RESTRICTION)
        if len(self._ssdu) > 1024:
            self._ssdu = [b"".join(self._ssdu)]
        self._ssdu.append(bytes(information))
        if enclosure & 2:
            information = b"".join(self._ssdu)
            self._ssdu = None
            self._seg_si = -1
            params = self._seg_params
            memset(self._len, 0xFF, sizeof(self._len))
            self._units(params, 0, len(params), -1)
            return self._act(memoryview(params), params, si, second, information)
        return 0

    cdef bytes _kept(self, object view):
        """The parameters of a first segment, without its user data, as units that stand for themselves."""
        cdef int code
        kept = []
        for code in range(256):
            if self._len[code] >= 0 and code not in (PI_ENCLOSURE, PGI_USER_DATA, PGI_EXTENDED, PI_USER_DATA_OLD):
                kept.append(unit(code, bytes(view[self._off[code]:self._off[code] + self._len[code]])))
        return b"".join(kept)

    cdef bint _holds(self, int condition, int mine, int tokens) except -1:
        """A condition of states.py, of the side whose tokens are `mine`."""
        cdef int fu = self.session_requirements, available = self.available_tokens
        cdef int has = mine | ~available  # I(t) is a bit of this
        cdef bint active = self.activity_in_progress or not fu & FU_ACTIVITY
        if condition == 0:
            return True
        if condition == 1:  # data
            return active and has & DK
        if condition == 2:  # typed
            return fu & FU_TYPED != 0
        if condition == 3:  # give
            return tokens & ~mine == 0
        if condition == 4:  # please
            return tokens & ~available == 0
        if condition == 5:  # giveDk
            return tokens & ~mine == 0 and tokens & DK
        if condition == 6:  # syncm
            return active and fu & FU_MINOR and has & DK and mine & MI
        if condition == 7:  # ackm
            return fu & FU_MINOR != 0
        if condition == 11:  # ctrl
            return fu & FU_ACTIVITY and not self.activity_in_progress and available & ~mine == 0
        if condition == 12:  # except
            return active and fu & FU_EXCEPTIONS and available & DK and not mine & DK
        if condition == 13:  # rel
            return available & ~mine == 0 and not (fu & FU_ACTIVITY and self.activity_in_progress)
        if not (fu & FU_ACTIVITY and mine & MA):
            return False
        if condition == 8:  # start
            return not self.activity_in_progress and has & DK and has & MI
        if not self.activity_in_progress:
            return False
        return condition == 9 or (has & DK and has & MI)  # act, end

    cdef bint _peer_event(self, int event, int tokens=0) except -1:
        """Takes an SPDU through the table. False: it is to be ignored."""
        cdef int cell = CELLS[event][self._state]
        if cell == -2:
            return False
        if cell < 0 or not self._holds(cell >> 8, self.available_tokens & ~self.tokens, tokens):
            raise _PeerError(f"{states_name(event)} in {STATE_NAMES[self._state]}" + ("" if cell < 0 else
                             f", condition {states.CONDITIONS[cell >> 8]}"))
        if cell & 255 != 255:
            self._state = cell & 255
        return True

    cdef int _act(self, object view, const unsigned char[::1] o, int si, bint second, object user) except -1:
        cdef long serial
        cdef int reason
        if second:
            if si == SI_DT:
                if self._peer_event(E_DT):
                    self._events.append(ev.SDataIndication(user))
            elif si == SI_MIP:
                serial = self._serial(o, PI_SERIAL)
                reason = self._octets(o, PI_SYNC_TYPE, 0, 1)
                if self._peer_event(E_MIP):
                    if serial != self._vm:
                        raise _PeerError(f"MINOR SYNC POINT {serial}, expected {self._vm}", self._off[PI_SERIAL])
                    if not self._sc:
                        self._va = self._vm
                    self._sc = True
                    self._vm += 1
                    self._events.append(ev.SSyncMinorIndication(serial, not reason & 1, user))
            elif si == SI_MIA:
                serial = self._serial(o, PI_SERIAL)
                if self._peer_event(E_MIA):
                    if self._sc or not self._va <= serial < self._vm:
                        raise _PeerError(f"MINOR SYNC ACK {serial}, expected {self._va} to {self._vm - 1}", self._off[PI_SERIAL])
                    self._va = serial + 1
                    self._events.append(ev.SSyncMinorConfirm(serial, user))
            elif si == SI_AS:
                if self._len[PI_IDENTIFIER] < 0:
                    raise _PeerError("ACTIVITY START without an identifier")
                identifier = self._field(view, PI_IDENTIFIER, 6)
                if self._peer_event(E_AS):
                    self._begin(1)
                    self._events.append(ev.SActivityStartIndication(identifier, user))
            elif si == SI_AR:
                if self._len[PI_IDENTIFIER] < 0 or self._len[PI_IDENTIFIER + LINKED] < 0:
                    raise _PeerError("ACTIVITY RESUME without its identifiers")
                serial = self._serial(o, PI_SERIAL + LINKED)
                event = ev.SActivityResumeIndication(
                    self._field(view, PI_IDENTIFIER, 6), self._field(view, PI_IDENTIFIER + LINKED, 6), serial,
                    self._field(view, PI_CALLING_REFERENCE + LINKED, 64), self._field(view, PI_CALLED_REFERENCE + LINKED, 64),
                    self._field(view, PI_COMMON_REFERENCE + LINKED, 64),
                    self._field(view, PI_ADDITIONAL_REFERENCE + LINKED, 4), user)
                if self._peer_event(E_AR):
                    self._begin(serial + 1)
                    self._events.append(event)
            elif si == SI_AI:
                reason = self._octets(o, PI_REASON, 0, 1)
                if self._peer_event(E_AI):
                    self._events.append(ev.SActivityInterruptIndication(reason, user))
            elif si == SI_AD:
                reason = self._octets(o, PI_REASON, 0, 1)
                if self._peer_event(E_AD):
                    self._events.append(ev.SActivityDiscardIndication(reason, user))
            elif si == SI_AIA:
                if self._peer_event(E_AIA):
                    self._finish(True)
                    self._events.append(ev.SActivityInterruptConfirm(user))
            elif si == SI_ADA:
                if self._peer_event(E_ADA):
                    self._finish(True)
                    self._events.append(ev.SActivityDiscardConfirm(user))
            elif si == SI_AE:
                serial = self._serial(o, PI_SERIAL)
                if self._peer_event(E_AE):
                    if serial != self._vm:
                        raise _PeerError(f"ACTIVITY END {serial}, expected {self._vm}", self._off[PI_SERIAL])
                    if not self._sc:
                        self._va = self._vm
                    self._sc = True
                    self._vm += 1
                    self._events.append(ev.SActivityEndIndication(serial, user))
            elif si == SI_AEA:
                serial = self._serial(o, PI_SERIAL)
                if self._peer_event(E_AEA):
                    if serial != self._vm - 1:
                        raise _PeerError(f"ACTIVITY END ACK {serial}, expected {self._vm - 1}", self._off[PI_SERIAL])
                    self._va = self._vm
                    self.activity_in_progress = False
                    self._events.append(ev.SActivityEndConfirm(serial, user))
            elif si == SI_ED or si == SI_ER:
                reason = self._octets(o, PI_REASON, 0, 1) if si == SI_ED else 0
                if self._state != STA16 and self._state != STA01A and self.available_tokens & DK & ~self.tokens:
                    return 0  # our GIVE TOKENS is on its way and recovers from it (X.225 7.28.2)
                if not self._peer_event(E_ED if si == SI_ED else E_ER):
                    return 0
                if si == SI_ED:
                    self._events.append(ev.SUExceptionReportIndication(reason, user))
                else:
                    self._events.append(ev.SPExceptionReportIndication(self._field(view, PI_REFLECT, 65535)))
            else:
                raise _PeerError(f"SPDU {si} is not of category 2, or of a functional unit not selected")
            return 0
        if si == SI_TD:
            if self._peer_event(E_TD):
                self._events.append(ev.STypedDataIndication(user))
        elif si == SI_GTC:
            if self._peer_event(E_GTC):
                self.tokens = self.available_tokens
                self._send(SI_GTA, PREFIX_NONE, b"")
                self._events.append(ev.SControlGiveIndication())
        elif si == SI_GTA:
            if self._peer_event(E_GTA):
                self.tokens = 0
        elif si == SI_FN:
            if self._peer_event(E_FN):
                self._events.append(ev.SReleaseIndication(user))
        elif si == SI_DN:
            if self._peer_event(E_DN):
                self._disconnect()
                self._events.append(ev.SReleaseConfirm(user))
        elif si == SI_AB:
            self._aborted(self._octets(o, PI_TRANSPORT_DISCONNECT, 1 | NO_REASON, 1), user)
        elif si == SI_AA:
            if self._peer_event(E_AA):
                self._disconnect()
        elif si == SI_CN:
            self._connect(view, o, user)
        elif si == SI_OA:
            self._overflow_accept(o)
        elif si == SI_AC:
            self._accepted(view, o, user)
        elif si == SI_RF:
            if self._peer_event(E_RF):
                code = self._field(view, PI_REASON, 65535)
                self._disconnect()
                self._events.append(ev.SConnectRefused(code[0] if code else 0, code[1:]))
        else:
            raise _PeerError(f"SPDU {si} is not of category 1, or of a functional unit not selected")
        return 0

    cdef int _begin(self, long serial) except -1:
        self.activity_in_progress = True
        self._va = self._vm = serial
        return 0

    cdef int _finish(self, bint ours) except -1:
        """After an activity's interrupt or discard all tokens are on the side that asked for it (X.225 7.32.2)."""
        self.activity_in_progress = False
        self.tokens = self.available_tokens if ours else 0
        return 0

    cdef int _aborted(self, int reason, object user) except -1:
        if self._state == STA01A or self._state == STA16:
            self._disconnect()
            return 0
        if not reason & 1:
            self._send(SI_AA, PREFIX_NONE, b"")
        self._disconnect()
        if reason & 2:
            self._events.append(ev.SUAbortIndication(user))
        else:
            self._events.append(ev.SPAbortIndication(reason & ~1 or NO_REASON, -1, "ABORT SPDU", "session", False))
        return 0

    cdef int _tokens_available(self, int requirements):
        cdef int available = 0
        if requirements & FU_HALF:
            available |= DK
        if requirements & FU_MINOR:
            available |= MI
        if requirements & FU_ACTIVITY:
            available |= MA
        return available

    cdef int _set_tokens(self, int setting):
        """The Token Setting Item, two bits a token: 01 is the responder's side (X.225 8.3.1.13)."""
        cdef int responder = 0, place, bit
        for place, bit in ((0, DK), (2, MI), (4, MA)):
            if (setting >> place) & 3 == 1:
                responder |= bit
        self.tokens = self.available_tokens & (~responder if self.initiator else responder)
        return 0

    cdef long _peer_tsdu_size(self, object view, const unsigned char[::1] o) except -1:
        """What the peer takes in one TSDU: of the two sizes of the parameter, the one of our direction."""
        if self._len[PI_TSDU_SIZE] < 0:
            return 0
        if self._len[PI_TSDU_SIZE] != 4:
            raise _PeerError("TSDU Maximum Size", self._off[PI_TSDU_SIZE])
        at = self._off[PI_TSDU_SIZE] + (0 if self.initiator else 2)
        return (o[at] << 8) | o[at + 1]

    cdef int _connect(self, object view, const unsigned char[::1] o, object user) except -1:
        cdef int common, versions = self._octets(o, PI_VERSION, 1, 1) & self.parameters.versions
        cdef int proposed = self._octets(o, PI_REQUIREMENTS, 0x349, 2)
        cdef int setting = self._octets(o, PI_TOKEN_SETTING, 0, 1)
        cdef int refusal = 0
        cdef long size = self._peer_tsdu_size(view, o)
        overflow = self._octets(o, PI_OVERFLOW, 0, 1) & 1
        if self._state == STA01C:
            called = self._field(view, PI_CALLED_SELECTOR, 16)
            common = proposed & self.parameters.session_requirements
            if common & FU_HALF and common & FU_DUPLEX:
                common &= ~FU_DUPLEX
            if not common & FU_HALF:
                common &= ~FU_EXCEPTIONS
            if not versions:
                refusal = 132
            elif self.parameters.called_session_selector and called != self.parameters.called_session_selector:
                refusal = 129
            elif not common & (FU_HALF | FU_DUPLEX):
                refusal = 133
            if refusal:
                self._state = STA16
                self.protocol_version = 2 if versions & 2 else 1
                self._send(SI_RF, PREFIX_NONE, unit(PI_TRANSPORT_DISCONNECT, b"\x01") + unit(PI_REASON, bytes((refusal,))))
                self._events.append(ev.SPAbortIndication(refusal, self._base, "CONNECT SPDU refused", "session", True))
                return 0
            self.protocol_version = 2 if versions & 2 else 1
            self._proposed_requirements = common
            self._proposed_setting = setting
            self._send_tsdu = size if size < 65535 else 0
            self._proposed = (
                self._field(view, PI_CALLING_SELECTOR, 16), called, proposed, setting, self.protocol_version,
                self._field(view, PI_CALLING_REFERENCE, 64), self._field(view, PI_COMMON_REFERENCE, 64),
                self._field(view, PI_ADDITIONAL_REFERENCE, 4),
            )
            initial = self._serial(o, PI_INITIAL_SERIAL) if self._len[PI_INITIAL_SERIAL] >= 0 else 1
            self._va = self._vm = initial
        if overflow:
            self._peer_event(E_CN_STAR)
            if self.protocol_version != 2:
                raise _PeerError("data overflow in version 1")
            self._ssdu = [bytes(user)]
            self._ssdu_size = len(user)
            self._send(SI_OA, PREFIX_NONE, unit(PGI_CONNECT, unit(PI_OPTIONS, b"\x00") + unit(PI_VERSION, b"\x02")))
        else:
            self._peer_event(E_CN)
            self._events.append(ev.SConnectIndication(*self._proposed, user))
        return 0

    cdef int _overflow(self, object user, int enclosure) except -1:
        if self._state != STA01D:
            self._peer_event(E_CDO)
            return 0
        self._ssdu_size += len(user)
        if self._ssdu_size > self._limit or len(self._ssdu) > 4096:
            raise _PeerError(f"connect data of more than {self._limit} octets", -1, RESTRICTION)
        self._ssdu.append(bytes(user))
        if enclosure & 2:
            self._peer_event(E_CDO)
            user, self._ssdu = b"".join(self._ssdu), None
            self._events.append(ev.SConnectIndication(*self._proposed, user))
        return 0

    cdef int _accepted(self, object view, const unsigned char[::1] o, object user) except -1:
        cdef int version = self._octets(o, PI_VERSION, 1, 1)
        cdef int requirements = self._octets(o, PI_REQUIREMENTS, 0x349, 2)
        cdef int setting = self._octets(o, PI_TOKEN_SETTING, 0, 1)
        cdef long size = self._peer_tsdu_size(view, o)
        if not self._peer_event(E_AC):
            return 0
        if not version & self.parameters.versions or version not in (1, 2, 3):
            raise _PeerError(f"ACCEPT of version {version}, which was not proposed")
        self.protocol_version = 2 if version & 2 and self.parameters.versions & 2 else 1
        requirements &= self.parameters.session_requirements
        if not requirements & (FU_HALF | FU_DUPLEX) or requirements & 3 == 3:
            raise _PeerError("ACCEPT with neither half-duplex nor duplex, or with both")
        self.session_requirements = requirements
        self.available_tokens = self._tokens_available(requirements)
        self._set_tokens(setting)
        self._send_tsdu = size if size < 65535 else 0
        if self._len[PI_INITIAL_SERIAL] >= 0:
            self._va = self._vm = self._serial(o, PI_INITIAL_SERIAL)
        self._events.append(ev.SConnectConfirm(
            self._field(view, PI_CALLED_SELECTOR, 16), requirements, self.tokens, self.protocol_version,
            self._field(view, PI_CALLED_REFERENCE, 64), self._field(view, PI_COMMON_REFERENCE, 64),
            self._field(view, PI_ADDITIONAL_REFERENCE, 4), user))
        return 0

    cdef int _overflow_accept(self, const unsigned char[::1] o) except -1:
        if not self._octets(o, PI_VERSION, 1, 1) & 2:
            raise _PeerError("OVERFLOW ACCEPT of version 1")
        size = self._peer_tsdu_size(None, o)
        self._peer_event(E_OA)
        self._send_tsdu = size if size < 65535 else 0
        self._send_overflow()
        return 0

    cdef int _fault(self, object fault) except -1:
        """The peer's fault: ABORT where there is a session connection, DR or ER TPDU where there is none (A.4.1.2)."""
        quiet = self.closed or self._state == STA01A or self._state == STA16
        if self._transport_open and self._state == STA01C:
            self._disconnect()
        elif self._transport_open and not quiet and self._state != STA01:
            self._abort(fault.reason, b"")
        elif not self._transport_open:
            self._out.append(b"\x03\x00\x00\x09\x04\x70" + (<object>self._peer_reference).to_bytes(2, "big") + b"\x00")
            self._state = STA01
        self.closed = True
        if not quiet:
            offset = fault.offset if fault.offset >= 0 else self._base
            self._events.append(ev.SPAbortIndication(fault.reason, offset, fault.detail, fault.layer, True))
        return 0

@cython.final
cdef class Connection(_Receiver):
    """Session, sending: requests and responses of X.215."""

    cdef int _request(self, int event, int tokens=0) except -1:
        cdef int cell = CELLS[event][self._state]
        if cell < 0 or not self._holds(cell >> 8, self.tokens, tokens):
            raise LocalProtocolError(f"{states_name(event)} in {STATE_NAMES[self._state]}" + ("" if cell < 0 else
                                     f", condition {states.CONDITIONS[cell >> 8]}"))
        if cell & 255 != 255:
            self._state = cell & 255
        return 0

    cdef int _check(self, object user) except -1:
        """User data of an SPDU other than DT and TD: 512 octets in version 1 (X.225 8.3)."""
        if self.protocol_version == 1 and len(user) > 512:
            raise LocalProtocolError(f"{len(user)} octets of user data, version 1 takes 512")
        return 0

    cdef int _send(self, int si, int prefix, bytes params, object user=b"") except -1:
        """An SPDU with its user data as a parameter, in segments where it does not fit (X.225 7.37)."""
        cdef Py_ssize_t size = len(user), room = 65000, at = 0, step
        head = b"\x01\x00" if prefix == PREFIX_GT else b"\x02\x00" if prefix == PREFIX_PT else b""
        if self._send_tsdu and self.protocol_version == 2:
            room = min(room, max(32, self._send_tsdu - len(params) - 16))
        if size <= room:
            if size:
                params += unit(PGI_USER_DATA, as_bytes(user))
            self._send_tsdu_of(head + unit(si, params), (), 0)
            return 0
        view = memoryview(user).cast("B")
        while at < size:
            step = min(room, size - at)
            enclosure = (1 if at == 0 else 0) | (2 if at + step == size else 0)
            part = (params if at == 0 else b"") + unit(PI_ENCLOSURE, bytes((enclosure,)))
            self._send_tsdu_of(head + unit(si, part + unit(PGI_USER_DATA, bytes(view[at:at + step]))), (), 0)
            at += step
        return 0

    cdef int _send_data(self, bytes plain, bytes opened, tuple buffers) except -1:
        """DT or TD: `plain` is the whole head; `opened` the head up to the value of the enclosure item."""
        cdef Py_ssize_t size = 0, room, at = 0, step
        for buffer in buffers:
            size += len(buffer) if type(buffer) is bytes else memoryview(buffer).nbytes
        if not self._send_tsdu or size + len(plain) <= self._send_tsdu:
            return self._send_tsdu_of(plain, buffers, size)
        view = memoryview(buffers[0] if len(buffers) == 1 else b"".join(buffers)).cast("B")
        room = max(1, self._send_tsdu - len(opened) - 1)
        while at < size:
            step = min(room, size - at)
            enclosure = (1 if at == 0 else 0) | (2 if at + step == size else 0)
            self._send_tsdu_of(opened + bytes((enclosure,)), (view[at:at + step],), step)
            at += step
        return 0

    cdef bytes _reason(self, int reason):
        if not 0 <= reason <= 255:
            raise LocalProtocolError(f"reason {reason}: one octet")
        return bytes((reason,))

    cdef bytes _digits(self, long serial):
        if not 0 <= serial <= 999999:
            raise LocalProtocolError(f"serial number {serial}: at most 999999 (X.225 8.3.20)")
        return b"%d" % serial

    def s_connect_request(self, user_data=b""):
        parameters = self.parameters
        if not self.initiator:
            raise LocalProtocolError("SCONreq of a responder")
        if not parameters.versions & 2 and len(user_data) > 512:
            raise LocalProtocolError("version 1 takes 512 octets of user data")
        self._request(E_SCONreq)
        self._connect_data = as_bytes(user_data)
        options = b""
        if parameters.calling_transport_selector:
            options += bytes((0xC1, len(parameters.calling_transport_selector))) + parameters.calling_transport_selector
        if parameters.called_transport_selector:
            options += bytes((0xC2, len(parameters.called_transport_selector))) + parameters.called_transport_selector
        options += bytes((0xC0, 1, min(11, parameters.tpdu_size.bit_length() - 1)))
        if parameters.tpdu_size > 2048:
            options += bytes((0xF0, 2)) + (parameters.tpdu_size // 128).to_bytes(2, "big")
        self._send_tpdu(
            bytes((6 + len(options), 0xE0, 0, 0)) + parameters.reference.to_bytes(2, "big") + b"\x00" + options
        )

    cdef bytes _references(self, int code):
        inside = b""
        for pi, value in ((code, self.parameters.ss_user_reference), (PI_COMMON_REFERENCE, self.parameters.common_reference),
                          (PI_ADDITIONAL_REFERENCE, self.parameters.additional_reference_information)):
            if value:
                inside += unit(pi, value)
        return unit(PGI_IDENTIFIER, inside) if inside else b""

    cdef bytes _setting(self):
        cdef int available = self._tokens_available(self.parameters.session_requirements), setting = 0, place, bit
        for place, bit in ((0, DK), (2, MI), (4, MA)):
            if available & bit and self.parameters.initial_tokens & bit:
                setting |= 1 << place
        return bytes((setting,))

    cdef int _send_connect(self) except -1:
        """CONNECT SPDU: up to 512 octets of user data, 10240 in version 2, the rest as overflow (X.225 7.1.1)."""
        p = self.parameters
        user = self._connect_data
        versions = p.versions if len(user) <= 512 else VERSION_2_ONLY
        item = unit(PI_OPTIONS, b"\x00")
        if p.tsdu_maximum_size:
            item += unit(PI_TSDU_SIZE, p.tsdu_maximum_size.to_bytes(2, "big") * 2)
        item += unit(PI_VERSION, bytes((versions,)))
        if p.session_requirements & (FU_MINOR | FU_ACTIVITY) == FU_MINOR:
            item += unit(PI_INITIAL_SERIAL, b"%d" % p.initial_serial_number)
        item += unit(PI_TOKEN_SETTING, self._setting())
        self._va = self._vm = p.initial_serial_number
        params = self._references(PI_CALLING_REFERENCE) + unit(PGI_CONNECT, item)
        params += unit(PI_REQUIREMENTS, p.session_requirements.to_bytes(2, "big"))
        if p.calling_session_selector:
            params += unit(PI_CALLING_SELECTOR, p.calling_session_selector)
        if p.called_session_selector:
            params += unit(PI_CALLED_SELECTOR, p.called_session_selector)
        if len(user) > 10240:
            self._peer_event(E_TCONcnf_STAR)
            params += unit(PI_OVERFLOW, b"\x01") + unit(PGI_EXTENDED, user[:10240])
            self._connect_data = user[10240:]
        else:
            self._peer_event(E_TCONcnf)
            self._connect_data = None
            if user:
                params += unit(PGI_USER_DATA if len(user) <= 512 else PGI_EXTENDED, user)
        self._send_tsdu_of(unit(SI_CN, params), (), 0)
        return 0

    cdef int _send_overflow(self) except -1:
        cdef Py_ssize_t at = 0, room = 65000
        user, self._connect_data = self._connect_data, None
        if self._send_tsdu:
            room = max(32, self._send_tsdu - 16)
        while at < len(user):
            part = user[at:at + room]
            at += len(part)
            enclosure = unit(PI_ENCLOSURE, b"\x02" if at == len(user) else b"\x00")
            self._send_tsdu_of(unit(SI_CDO, enclosure + unit(PGI_USER_DATA, part)), (), 0)
        return 0

    def s_connect_accept(self, user_data=b""):
        self._check(user_data)
        self._request(E_SCONrsp_ACCEPT)
        p = self.parameters
        self.session_requirements = self._proposed_requirements
        self.available_tokens = self._tokens_available(self.session_requirements)
        setting = 0
        for place, bit in ((0, DK), (2, MI), (4, MA)):
            choice = (self._proposed_setting >> place) & 3
            if choice == 2:
                choice = 1 if p.initial_tokens & bit else 0
            if choice == 1 and self.available_tokens & bit:
                setting |= 1 << place
        self._set_tokens(setting)
        item = unit(PI_OPTIONS, b"\x00")
        size = min(self._send_tsdu or 65535, p.tsdu_maximum_size or 65535)
        if size < 65535:
            item += unit(PI_TSDU_SIZE, (p.tsdu_maximum_size or 0).to_bytes(2, "big") + size.to_bytes(2, "big"))
            self._send_tsdu = size
        item += unit(PI_VERSION, bytes((self.protocol_version,)))
        if self.session_requirements & (FU_MINOR | FU_ACTIVITY) == FU_MINOR:
            item += unit(PI_INITIAL_SERIAL, b"%d" % self._vm)
        item += unit(PI_TOKEN_SETTING, bytes((setting,)))
        params = unit(PGI_CONNECT, item) + unit(PI_REQUIREMENTS, self.session_requirements.to_bytes(2, "big"))
        inside = b""
        for pi, value in ((PI_CALLED_REFERENCE, p.ss_user_reference or self._proposed[5]),
                          (PI_COMMON_REFERENCE, self._proposed[6]), (PI_ADDITIONAL_REFERENCE, self._proposed[7])):
            if value:
                inside += unit(pi, value)
        if inside:
            params = unit(PGI_IDENTIFIER, inside) + params
        if self._proposed[1]:
            params += unit(PI_CALLED_SELECTOR, self._proposed[1])
        self._send(SI_AC, PREFIX_NONE, params, user_data)

    def s_connect_refuse(self, int reason, user_data=b""):
        if not 0 <= reason <= 255:
            raise LocalProtocolError(f"refuse reason {reason}")
        if len(user_data) > (512 if self.protocol_version == 1 else 10240):
            raise LocalProtocolError(f"{len(user_data)} octets of user data with REFUSE")
        self._request(E_SCONrsp_REFUSE)
        code = bytes((reason,)) + (as_bytes(user_data) if reason == 2 else b"")
        params = unit(PI_TRANSPORT_DISCONNECT, b"\x01") + unit(PI_REASON, code)
        self._send_tsdu_of(unit(SI_RF, params), (), 0)

    def s_data_request(self, *buffers):
        self._request(E_SDTreq)
        self._send_data(b"\x01\x00\x01\x00", b"\x01\x00\x01\x03\x19\x01", buffers)

    def s_typed_data_request(self, *buffers):
        self._request(E_STDreq)
        self._send_data(b"\x21\x00", b"\x21\x03\x19\x01", buffers)

    def s_token_give_request(self, int tokens):
        if not tokens:
            raise LocalProtocolError("no token to give")
        self._request(E_SGTreq, tokens)
        self.tokens &= ~tokens
        self._send(SI_GT, PREFIX_NONE, unit(PI_TOKEN, bytes((tokens,))))

    def s_token_please_request(self, int tokens, user_data=b""):
        if len(user_data) > 512:
            raise LocalProtocolError("PLEASE TOKENS takes 512 octets of user data")
        if not tokens or tokens & self.tokens:
            raise LocalProtocolError("the tokens asked for are ours, or none")
        self._request(E_SPTreq, tokens)
        params = unit(PI_TOKEN, bytes((tokens,)))
        if len(user_data):
            params += unit(PGI_USER_DATA, as_bytes(user_data))
        self._send(SI_PT, PREFIX_NONE, params)

    def s_control_give_request(self):
        self._request(E_SCGreq)
        self._send(SI_GTC, PREFIX_NONE, b"")

    def s_sync_minor_request(self, bint confirm=True, user_data=b""):
        self._check(user_data)
        params = unit(PI_SERIAL, self._digits(self._vm))
        self._request(E_SSYNmreq)
        if self._sc:
            self._va = self._vm
        self._sc = False
        self._vm += 1
        if not confirm:
            params = unit(PI_SYNC_TYPE, b"\x01") + params
        self._send(SI_MIP, PREFIX_GT, params, user_data)
        return self._vm - 1

    def s_sync_minor_response(self, long serial, user_data=b""):
        self._check(user_data)
        if not self._sc or not self._va <= serial < self._vm:
            raise LocalProtocolError(f"SSYNmrsp {serial}: nothing to confirm, or not from {self._va} to {self._vm - 1}")
        self._request(E_SSYNmrsp)
        self._va = serial + 1
        self._send(SI_MIA, PREFIX_PT, unit(PI_SERIAL, self._digits(serial)), user_data)

    def s_activity_start_request(self, bytes identifier, user_data=b""):
        self._check(user_data)
        if len(identifier) > 6:
            raise LocalProtocolError("an activity identifier has at most 6 octets (X.225 8.3.29)")
        self._request(E_SACTSreq)
        self._begin(1)
        self._send(SI_AS, PREFIX_GT, unit(PI_IDENTIFIER, identifier), user_data)

    def s_activity_resume_request(self, bytes identifier, bytes old_identifier, long serial,
                                  bytes calling_ss_user_reference=b"", bytes called_ss_user_reference=b"",
                                  bytes common_reference=b"", bytes additional_reference_information=b"",
                                  user_data=b""):
        self._check(user_data)
        if len(identifier) > 6 or len(old_identifier) > 6:
            raise LocalProtocolError("an activity identifier has at most 6 octets (X.225 8.3.30)")
        linking = b""
        for code, value in ((PI_CALLED_REFERENCE, called_ss_user_reference), (PI_CALLING_REFERENCE, calling_ss_user_reference),
                            (PI_COMMON_REFERENCE, common_reference),
                            (PI_ADDITIONAL_REFERENCE, additional_reference_information)):
            if value:
                linking += unit(code, value)
        linking += unit(PI_IDENTIFIER, old_identifier) + unit(PI_SERIAL, self._digits(serial))
        self._request(E_SACTRreq)
        self._begin(serial + 1)
        self._send(SI_AR, PREFIX_GT, unit(PGI_LINKING, linking) + unit(PI_IDENTIFIER, identifier), user_data)

    def s_activity_interrupt_request(self, int reason=0):
        params = unit(PI_REASON, self._reason(reason))
        self._request(E_SACTIreq)
        self._send(SI_AI, PREFIX_GT, params)

    def s_activity_interrupt_response(self):
        self._request(E_SACTIrsp)
        self._finish(False)
        self._send(SI_AIA, PREFIX_PT, b"")

    def s_activity_discard_request(self, int reason=0):
        params = unit(PI_REASON, self._reason(reason))
        self._request(E_SACTDreq)
        self._send(SI_AD, PREFIX_GT, params)

    def s_activity_discard_response(self):
        self._request(E_SACTDrsp)
        self._finish(False)
        self._send(SI_ADA, PREFIX_PT, b"")

    def s_activity_end_request(self, user_data=b""):
        self._check(user_data)
        params = unit(PI_SERIAL, self._digits(self._vm))
        self._request(E_SACTEreq)
        if self._sc:
            self._va = self._vm
        self._sc = False
        self._vm += 1
        self._send(SI_AE, PREFIX_GT, params, user_data)
        return self._vm - 1

    def s_activity_end_response(self, user_data=b""):
        self._check(user_data)
        self._request(E_SACTErsp)
        self.activity_in_progress = False
        self._va = self._vm
        self._send(SI_AEA, PREFIX_PT, unit(PI_SERIAL, self._digits(self._vm - 1)), user_data)

    def s_u_exception_report_request(self, int reason, user_data=b""):
        self._check(user_data)
        params = unit(PI_REASON, self._reason(reason))
        self._request(E_SUERreq)
        self._send(SI_ED, PREFIX_PT, params, user_data)

    def s_release_request(self, user_data=b""):
        self._check(user_data)
        self._request(E_SRELreq)
        self._send(SI_FN, PREFIX_NONE, unit(PI_TRANSPORT_DISCONNECT, b"\x01"), user_data)

    def s_release_response(self, user_data=b""):
        self._check(user_data)
        self._request(E_SRELrsp)
        self._send(SI_DN, PREFIX_NONE, b"", user_data)

    def s_u_abort_request(self, user_data=b""):
        if len(user_data) > (9 if self.protocol_version == 1 else 10240):
            user_data = b""
        self._local_abort(2, user_data)

    def s_p_abort(self, int reason=NO_REASON, str detail=""):
        if reason not in (PROTOCOL_ERROR, NO_REASON, RESTRICTION):
            raise LocalProtocolError(f"abort reason {reason}")
        self._local_abort(reason, b"")

    cdef int _local_abort(self, int reason, object user) except -1:
        if self.closed:
            return 0
        if not self._transport_open:
            self._state = STA01
        elif self._state == STA01C or self._state == STA01:
            self._disconnect()
        elif self._state != STA01A and self._state != STA16:
            self._abort(reason, user)
        self.closed = True
        return 0

    cdef int _abort(self, int reason, object user) except -1:
        """ABORT SPDU, transport connection not kept: we do not wait for ABORT ACCEPT (X.225 7.9.1)."""
        self._send(SI_AB, PREFIX_NONE, unit(PI_TRANSPORT_DISCONNECT, bytes((reason | 1,))), user)
        self._state = STA01A
        return 0

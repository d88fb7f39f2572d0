# states.py compiled: a cell is -1 (none), -2 (ignore), or condition << 8 | next state (255: stays).
# The action is the code at the place where the event is met; its name is in the table for the reader.
cdef list STATE_NAMES = list(states.STATES)
cdef dict _event_numbers = {name: number for number, name in enumerate(states.TABLE)}
cdef int CELLS[64][32]
cdef int FIRST_INDICATION = len(states.REQUESTS)


def _compile():
    cdef int e, s
    if len(states.TABLE) > 64 or len(STATE_NAMES) > 32:
        raise AssertionError("the table has outgrown its array")
    for e in range(64):
        for s in range(32):
            CELLS[e][s] = -1
    for event, row in states.TABLE.items():
        for state, cell in row.items():
            if cell == states.IGNORE:
                value = -2
            else:
                condition, _, following = cell.split()
                value = states.CONDITIONS.index(condition) << 8
                value |= 255 if following == "." else STATE_NAMES.index(following)
            CELLS[_event_numbers[event]][STATE_NAMES.index(state)] = value


_compile()


cdef int _number(str event):
    return _event_numbers[event]

cdef int STA01 = STATE_NAMES.index("STA01")
cdef int STA01A = STATE_NAMES.index("STA01A")
cdef int STA01B = STATE_NAMES.index("STA01B")
cdef int STA01C = STATE_NAMES.index("STA01C")
cdef int STA01D = STATE_NAMES.index("STA01D")
cdef int STA02A = STATE_NAMES.index("STA02A")
cdef int STA02B = STATE_NAMES.index("STA02B")
cdef int STA16 = STATE_NAMES.index("STA16")
cdef int STA713 = STATE_NAMES.index("STA713")

cdef int E_SCONreq = _number("SCONreq")
cdef int E_SCONrsp_ACCEPT = _number("SCONrsp+")
cdef int E_SCONrsp_REFUSE = _number("SCONrsp-")
cdef int E_SDTreq = _number("SDTreq")
cdef int E_STDreq = _number("STDreq")
cdef int E_SGTreq = _number("SGTreq")
cdef int E_SPTreq = _number("SPTreq")
cdef int E_SCGreq = _number("SCGreq")
cdef int E_SSYNmreq = _number("SSYNmreq")
cdef int E_SSYNmrsp = _number("SSYNmrsp")
cdef int E_SACTSreq = _number("SACTSreq")
cdef int E_SACTRreq = _number("SACTRreq")
cdef int E_SACTIreq = _number("SACTIreq")
cdef int E_SACTIrsp = _number("SACTIrsp")
cdef int E_SACTDreq = _number("SACTDreq")
cdef int E_SACTDrsp = _number("SACTDrsp")
cdef int E_SACTEreq = _number("SACTEreq")
cdef int E_SACTErsp = _number("SACTErsp")
cdef int E_SUERreq = _number("SUERreq")
cdef int E_SRELreq = _number("SRELreq")
cdef int E_SRELrsp = _number("SRELrsp")
cdef int E_TCONind = _number("TCONind")
cdef int E_TCONcnf = _number("TCONcnf")
cdef int E_TCONcnf_STAR = _number("TCONcnf*")
cdef int E_CN = _number("CN")
cdef int E_CN_STAR = _number("CN*")
cdef int E_CDO = _number("CDO")
cdef int E_OA = _number("OA")
cdef int E_AC = _number("AC")
cdef int E_RF = _number("RF")
cdef int E_DT = _number("DT")
cdef int E_TD = _number("TD")
cdef int E_GT = _number("GT")
cdef int E_GT_STAR = _number("GT*")
cdef int E_PT = _number("PT")
cdef int E_GTC = _number("GTC")
cdef int E_GTA = _number("GTA")
cdef int E_MIP = _number("MIP")
cdef int E_MIA = _number("MIA")
cdef int E_AS = _number("AS")
cdef int E_AR = _number("AR")
cdef int E_AI = _number("AI")
cdef int E_AIA = _number("AIA")
cdef int E_AD = _number("AD")
cdef int E_ADA = _number("ADA")
cdef int E_AE = _number("AE")
cdef int E_AEA = _number("AEA")
cdef int E_ED = _number("ED")
cdef int E_ER = _number("ER")
cdef int E_FN = _number("FN")
cdef int E_DN = _number("DN")
cdef int E_AA = _number("AA")
cdef int STA20 = STATE_NAMES.index("STA20")


cdef str states_name(int event):
    return list(states.TABLE)[event]

using NetStack.Wire;

namespace NetStack.Multicast;

/// <summary>A group this host is in on an interface: who wants it, and what is still to be said of it (RFC 3376 sections 3.2 and 5).</summary>
internal sealed class HostGroup(int nic, IpAddress address)
{
    private readonly List<Member> _members = [];
    private readonly List<ChangedSource> _changed = [];
    private readonly SourceSet _before = new();

    internal int Interface { get; } = nic;

    internal IpAddress Address { get; } = address;

    /// <summary>The interface's mode: include where no member wants all.</summary>
    internal SourceFilterMode Mode { get; private set; }

    /// <summary>The sources the mode speaks of.</summary>
    internal SourceSet Sources { get; } = new();

    /// <summary>Whether anything of the group is wanted.</summary>
    internal bool IsJoined => Mode == SourceFilterMode.Exclude || Sources.Count > 0;

    /// <summary>Whether nothing is wanted and nothing is left to be said.</summary>
    internal bool IsOver => _members.Count == 0 && ChangeDue is null;

    /// <summary>When the next report of a change is due.</summary>
    internal Instant? ChangeDue { get; set; }

    /// <summary>When the answer to a query about this group is due.</summary>
    internal Instant? AnswerDue { get; set; }

    /// <summary>The sources the query asked about; none for the whole group.</summary>
    internal SourceSet Asked { get; } = new();

    /// <summary>How often a change of mode is still to be reported.</summary>
    internal int ModeReportsLeft { get; private set; }

    /// <summary>Whether we were the last on the link to report it, and so say when we leave (RFC 2236 section 3).</summary>
    internal bool IsLastReporter { get; set; }

    /// <summary>Sources whose changes are still to be reported.</summary>
    internal IReadOnlyList<ChangedSource> Changed => _changed;

    /// <summary>Whether a member takes a datagram.</summary>
    internal bool Accepts(object owner, IpAddress source)
    {
        foreach (Member member in _members)
        {
            if (ReferenceEquals(member.Owner, owner)) return Array.IndexOf(member.Sources, source) >= 0 == (member.Mode == SourceFilterMode.Include);
        }
        return false;
    }

    /// <summary>Changes what a member wants, and notes what is to be reported.</summary>
    /// <param name="owner">The member.</param>
    /// <param name="mode">Its mode.</param>
    /// <param name="sources">Its sources; include from none ends its membership.</param>
    /// <param name="robustness">How often a change is reported.</param>
    /// <param name="now">The present.</param>
    internal void Set(object owner, SourceFilterMode mode, ReadOnlySpan<IpAddress> sources, int robustness, Instant now)
    {
        _members.RemoveAll(m => ReferenceEquals(m.Owner, owner));
        if (mode == SourceFilterMode.Exclude || sources.Length > 0) _members.Add(new Member(owner, mode, sources.ToArray()));
        SourceFilterMode modeBefore = Mode;
        _before.Set(Sources);
        Merge();
        if (modeBefore != Mode)
        {
            ModeReportsLeft = robustness;
            _changed.Clear();
            ChangeDue = now;
            return;
        }
        NoteChanges(robustness, now);
    }

    /// <summary>Reports the whole state anew, as after the link came up.</summary>
    internal void Restate(int robustness, Instant now)
    {
        _changed.Clear();
        ModeReportsLeft = robustness;
        ChangeDue = now;
        AnswerDue = null;
    }

    /// <summary>Counts off what was just reported.</summary>
    internal void Reported()
    {
        if (ModeReportsLeft > 0)
        {
            ModeReportsLeft--;
            return;
        }
        for (int i = _changed.Count - 1; i >= 0; i--)
        {
            ChangedSource changed = _changed[i] with { Left = _changed[i].Left - 1 };
            if (changed.Left == 0) _changed.RemoveAt(i);
            else _changed[i] = changed;
        }
    }

    /// <summary>Whether something is still to be reported.</summary>
    internal bool HasChanges => ModeReportsLeft > 0 || _changed.Count > 0;

    /// <summary>Forgets what is to be reported.</summary>
    internal void CancelChanges()
    {
        ModeReportsLeft = 0;
        _changed.Clear();
        ChangeDue = null;
    }

    internal bool HasMember(object owner) => _members.Exists(m => ReferenceEquals(m.Owner, owner));

    /// <summary>The interface's state from its members' (RFC 3376 section 3.2).</summary>
    private void Merge()
    {
        Sources.Clear();
        Mode = _members.Exists(m => m.Mode == SourceFilterMode.Exclude) ? SourceFilterMode.Exclude : SourceFilterMode.Include;
        bool isFirst = true;
        foreach (Member member in _members)
        {
            if (member.Mode != Mode) continue;
            if (Mode == SourceFilterMode.Exclude && !isFirst)
            {
                Sources.IntersectWith(member.Sources);
                continue;
            }
            foreach (IpAddress source in member.Sources) Sources.Add(source);
            isFirst = false;
        }
        if (Mode == SourceFilterMode.Include) return;
        foreach (Member member in _members)
        {
            if (member.Mode != SourceFilterMode.Include) continue;
            foreach (IpAddress source in member.Sources) Sources.Remove(source);
        }
    }

    private void NoteChanges(int robustness, Instant now)
    {
        bool includes = Mode == SourceFilterMode.Include;
        for (int i = 0; i < Sources.Count; i++)
        {
            if (!_before.Contains(Sources[i])) Note(Sources[i], includes, robustness, now);
        }
        for (int i = 0; i < _before.Count; i++)
        {
            if (!Sources.Contains(_before[i])) Note(_before[i], !includes, robustness, now);
        }
    }

    private void Note(IpAddress source, bool isAllowed, int robustness, Instant now)
    {
        _changed.RemoveAll(c => c.Source == source);
        _changed.Add(new ChangedSource(source, isAllowed, robustness));
        ChangeDue = now;
    }

    /// <summary>A source that became, or is no longer, wanted.</summary>
    internal readonly record struct ChangedSource(IpAddress Source, bool IsAllowed, int Left);

    private sealed record Member(object Owner, SourceFilterMode Mode, IpAddress[] Sources);
}

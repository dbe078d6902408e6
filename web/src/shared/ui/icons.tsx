import type { IconProps as TablerProps, TablerIcon } from "@tabler/icons-react";
import Activity from "@tabler/icons-react/icons/IconActivity";
import AlertTriangle from "@tabler/icons-react/icons/IconAlertTriangle";
import ArrowBackUp from "@tabler/icons-react/icons/IconArrowBackUp";
import ArrowLeft from "@tabler/icons-react/icons/IconArrowLeft";
import ArrowRight from "@tabler/icons-react/icons/IconArrowRight";
import Alarm from "@tabler/icons-react/icons/IconAlarmSnooze";
import Bookmark from "@tabler/icons-react/icons/IconBookmark";
import ChartBar from "@tabler/icons-react/icons/IconChartBar";
import Check from "@tabler/icons-react/icons/IconCheck";
import ChevronDown from "@tabler/icons-react/icons/IconChevronDown";
import ChevronRight from "@tabler/icons-react/icons/IconChevronRight";
import Code from "@tabler/icons-react/icons/IconCode";
import CreditCard from "@tabler/icons-react/icons/IconCreditCard";
import DeviceDesktop from "@tabler/icons-react/icons/IconDeviceDesktop";
import Dots from "@tabler/icons-react/icons/IconDots";
import Download from "@tabler/icons-react/icons/IconDownload";
import Gavel from "@tabler/icons-react/icons/IconGavel";
import HandStop from "@tabler/icons-react/icons/IconHandStop";
import Link from "@tabler/icons-react/icons/IconLink";
import Lock from "@tabler/icons-react/icons/IconLock";
import Logout from "@tabler/icons-react/icons/IconLogout";
import MapPin from "@tabler/icons-react/icons/IconMapPin";
import Moon from "@tabler/icons-react/icons/IconMoon";
import Paperclip from "@tabler/icons-react/icons/IconPaperclip";
import PlayerPause from "@tabler/icons-react/icons/IconPlayerPause";
import PlayerPlay from "@tabler/icons-react/icons/IconPlayerPlay";
import Plus from "@tabler/icons-react/icons/IconPlus";
import Search from "@tabler/icons-react/icons/IconSearch";

import Sun from "@tabler/icons-react/icons/IconSun";
import SwitchHorizontal from "@tabler/icons-react/icons/IconSwitchHorizontal";
import Users from "@tabler/icons-react/icons/IconUsers";
import X from "@tabler/icons-react/icons/IconX";

type IconProps = Pick<TablerProps, "size">;

/** Each icon is beside text with the same meaning, so assistive technology skips it. */
const decorative = (Drawing: TablerIcon) =>
  function Icon({ size = 16 }: IconProps) {
    return <Drawing size={size} stroke={1.9} aria-hidden="true" focusable="false" />;
  };

// Single files rather than the package's index, which names six thousand icons and slows builds and tests.
export const AlertIcon = decorative(AlertTriangle);
export const AttachIcon = decorative(Paperclip);
export const BackIcon = decorative(ArrowLeft);
export const BillingIcon = decorative(CreditCard);
export const BookmarkIcon = decorative(Bookmark);
export const CheckIcon = decorative(Check);
export const ChevronDownIcon = decorative(ChevronDown);
export const ChevronRightIcon = decorative(ChevronRight);
export const ClaimIcon = decorative(HandStop);
export const CloseIcon = decorative(X);
export const DownloadIcon = decorative(Download);
export const EventIcon = decorative(Activity);
export const HashChainIcon = decorative(Link);
export const LocationIcon = decorative(MapPin);
export const LegalHoldIcon = decorative(Gavel);
export const LockIcon = decorative(Lock);
export const MoonIcon = decorative(Moon);
export const MoreIcon = decorative(Dots);
export const NextIcon = decorative(ArrowRight);
export const PauseIcon = decorative(PlayerPause);
export const PeopleIcon = decorative(Users);
export const PlayIcon = decorative(PlayerPlay);
export const PlusIcon = decorative(Plus);
export const ScreenIcon = decorative(DeviceDesktop);
export const SessionsIcon = decorative(DeviceDesktop);
export const SearchIcon = decorative(Search);
export const SignOutIcon = decorative(Logout);
export const SnoozeIcon = decorative(Alarm);
export const SunIcon = decorative(Sun);
export const SwitchUserIcon = decorative(SwitchHorizontal);
export const ToolCallIcon = decorative(Code);
export const UndoIcon = decorative(ArrowBackUp);
export const UsageIcon = decorative(ChartBar);
